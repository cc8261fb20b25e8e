Console.WriteLine("in-memory Kafka");
