using System.Globalization;
using Contracts.Validation;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using Persistence;
using Persistence.Schema;

namespace ServiceDefaults.Start;

/// <summary>What keeps a program from starting, said so that a person can fix it, without a stack trace around it.</summary>
public static class StartChecks
{
    /// <summary>Runs a program; what a person can fix is said on standard error, a line for each, and ends it with 1.</summary>
    /// <param name="program">The program's name.</param>
    /// <param name="run">The program.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string program, Func<Task<int>> run)
    {
        ArgumentNullException.ThrowIfNull(run);
        // What is written and compared does not depend on the language of the machine.
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        try
        {
            ThrowUnlessDomainsAreMapped();
            return await run();
        }
        catch (Exception exception) when (Explain(exception) is { } reasons)
        {
            foreach (var reason in reasons)
                await Console.Error.WriteLineAsync($"{program} does not start: {reason}");
            return 1;
        }
    }

    /// <summary>
    /// Validates the options of all sections. The host would do so too, but after it has made its services, of which the first that
    /// takes wrong options fails alone.
    /// </summary>
    /// <exception cref="OptionsValidationException">The options of one section are wrong.</exception>
    /// <exception cref="AggregateException">Those of several.</exception>
    public static void ValidateOptions(this IServiceProvider services) => services.GetRequiredService<IStartupValidator>().Validate();

    /// <summary>Without the tables of ICU a mail to a domain beyond ASCII would be accepted, and sent to another domain.</summary>
    private static void ThrowUnlessDomainsAreMapped()
    {
        if (!DomainName.IsMapped)
        {
            throw new ConfigurationException(
                "domain names in other characters than ASCII cannot be mapped (UTS 46), and mails would go to other domains: .NET runs in its invariant mode. Install ICU (Debian: libicu76 or libicu72, Alpine: icu-libs), and leave DOTNET_SYSTEM_GLOBALIZATION_INVARIANT and System.Globalization.Invariant unset or false.");
        }
    }

    /// <summary>What to fix; null where the failure is of another kind.</summary>
    public static IReadOnlyList<string>? Explain(Exception exception) => exception switch
    {
        OptionsValidationException options => [.. options.Failures],
        SchemaMismatchException or ConfigurationException => [exception.Message],
        // What Postgres says is for whoever runs it, and not an error of this program.
        Confluent.Kafka.KafkaException kafka => [$"Kafka: {kafka.Error.Reason}."],
        NpgsqlException => [$"Postgres: {PostgresErrors.Explain(exception)}."],
        // One for each section that does not validate; what depends on such a section repeats its errors.
        AggregateException several when several.InnerExceptions.All(inner => Explain(inner) is not null) =>
            [.. several.InnerExceptions.SelectMany(inner => Explain(inner)!).Distinct(StringComparer.Ordinal)],
        _ => null,
    };
}
