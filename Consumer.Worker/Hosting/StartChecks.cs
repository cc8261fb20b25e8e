using Microsoft.Extensions.Options;
using Persistence.Schema;

namespace Consumer.Worker.Hosting;

/// <summary>What keeps a process from starting, said so that a person can fix it, without a stack trace around it.</summary>
internal static class StartChecks
{
    /// <summary>Validates the options of all sections, before anything that uses them is made.</summary>
    public static void Run(IServiceProvider services) => services.GetService<IStartupValidator>()?.Validate();

    /// <summary>The words for a failure that a person can fix; <c>null</c> for any other.</summary>
    public static string? Explain(Exception exception) => exception switch
    {
        OptionsValidationException invalid => string.Join(Environment.NewLine + "  ", invalid.Failures),
        AggregateException several when several.InnerExceptions.All(inner => Explain(inner) is not null) =>
            string.Join(Environment.NewLine + "  ", several.InnerExceptions.Select(Explain)),
        SchemaMismatchException mismatch => mismatch.Message,
        // The binder's own words name the key and the value.
        InvalidOperationException { Source: "Microsoft.Extensions.Configuration.Binder" } unreadable => unreadable.Message,
        _ => null,
    };
}
