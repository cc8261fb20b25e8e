// The parallel tests here are the faults', which wait for leases and group sessions to run out far more than they compute.
[assembly: NUnit.Framework.LevelOfParallelism(4)]
