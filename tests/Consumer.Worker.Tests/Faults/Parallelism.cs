// The parallel tests are those in Faults, which wait for leases and group sessions to run out far more than they compute.
[assembly: NUnit.Framework.LevelOfParallelism(4)]
