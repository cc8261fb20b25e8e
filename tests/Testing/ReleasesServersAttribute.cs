using NUnit.Framework;
using NUnit.Framework.Interfaces;

namespace Testing;

/// <summary>
/// Stops what the fixtures of an assembly started, after its last test. The end of the process would be too late:
/// the test platform kills a host that takes longer than a moment to leave.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class ReleasesServersAttribute : Attribute, ITestAction
{
    /// <inheritdoc/>
    public ActionTargets Targets => ActionTargets.Suite;

    /// <inheritdoc/>
    public void BeforeTest(ITest test)
    {
    }

    /// <inheritdoc/>
    public void AfterTest(ITest test)
    {
        if (test is NUnit.Framework.Internal.TestAssembly)
            TestRun.EndAsync().GetAwaiter().GetResult();
    }
}
