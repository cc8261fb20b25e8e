using Microsoft.Extensions.Options;
using Persistence.Schema;

namespace Producer.Api.Hosting;

/// <summary>Tells the faults of a start that a person can fix, and that stand better alone than in a stack trace.</summary>
internal static class StartFaults
{
    /// <summary>
    /// Validates all sections. The host would do so too, but after it has made its services, of which the first that takes wrong
    /// options fails alone.
    /// </summary>
    public static void Meet(IServiceProvider services) => services.GetRequiredService<IStartupValidator>().Validate();

    /// <summary>What to fix; null where the fault is of another kind.</summary>
    public static IReadOnlyList<string>? Explain(Exception exception) => exception switch
    {
        OptionsValidationException options => [.. options.Failures],
        SchemaMismatchException schema => [schema.Message],
        // One for each section that does not validate.
        AggregateException several when several.InnerExceptions.All(inner => Explain(inner) is not null) =>
            [.. several.InnerExceptions.SelectMany(inner => Explain(inner)!)],
        _ => null,
    };
}
