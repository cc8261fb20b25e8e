using MailSink.Hosting;

return await SinkHost.RunAsync(args);
