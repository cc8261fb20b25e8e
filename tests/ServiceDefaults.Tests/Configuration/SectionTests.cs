using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using NUnit.Framework;
using Persistence;
using ServiceDefaults.Configuration;
using ServiceDefaults.Kafka;
using Shouldly;
using RangeAttribute = System.ComponentModel.DataAnnotations.RangeAttribute;

namespace ServiceDefaults.Tests.Configuration;

public sealed class SectionTests
{
    [Test]
    public void What_is_set_is_read_and_the_rest_has_its_default()
    {
        var options = Read<Sample>(("Number", "7"), ("pause", "00:00:05"), ("Level", "high"), ("Wanted", "true"), ("Optional", ""));

        options.ShouldSatisfyAllConditions(
            () => options.Number.ShouldBe(7),
            () => options.Pause.ShouldBe(TimeSpan.FromSeconds(5)),
            () => options.Level.ShouldBe(Level.High),
            () => options.Wanted.ShouldBeTrue(),
            () => options.Optional.ShouldBeNull(),
            () => options.Word.ShouldBe("word"));
    }

    [TestCase("Number", "many", "Sample:Number is \"many\"; allowed: 1 to 9. Take few. (environment: Sample__Number)")]
    [TestCase("Number", "99999999999", "Sample:Number is \"99999999999\"; allowed: 1 to 9. Take few. (environment: Sample__Number)")]
    [TestCase("Number", "10", "Sample:Number is \"10\"; allowed: 1 to 9. Take few. (environment: Sample__Number)")]
    [TestCase("Pause", "soon", "Sample:Pause is \"soon\"; allowed: 00:00:01 to 00:01:00 (hours:minutes:seconds). Wait. (environment: Sample__Pause)")]
    [TestCase("Pause", "00:02:00", "Sample:Pause is \"00:02:00\"; allowed: 00:00:01 to 00:01:00 (hours:minutes:seconds). Wait. (environment: Sample__Pause)")]
    [TestCase("Level", "middle", "Sample:Level is \"middle\"; allowed: Low, High. (environment: Sample__Level)")]
    [TestCase("Level", "5", "Sample:Level is \"5\"; allowed: Low, High. (environment: Sample__Level)")]
    [TestCase("Wanted", "maybe", "Sample:Wanted is \"maybe\"; allowed: true, false. (environment: Sample__Wanted)")]
    [TestCase("Optional", "x", "Sample:Optional is \"x\"; allowed: a whole number. (environment: Sample__Optional)")]
    [TestCase("Word", "", "Sample:Word is not set; allowed: any text that is not empty. Say one. (environment: Sample__Word)")]
    [TestCase("Secret", "hush", "Sample:Secret is (hidden); allowed: a longer one. Make one. (environment: Sample__Secret)")]
    public void A_wrong_value_is_reported_with_its_key_what_is_allowed_and_the_fix(string key, string value, string error) =>
        Errors<Sample>((key, value)).ShouldBe([error]);

    [TestCase("Numbr", "3", "Sample:Numbr is \"3\", but Sample has no such key; allowed: Number, Pause, Level, Wanted, Optional, Word, Secret. Correct the name, or remove it (environment: Sample__Numbr)")]
    [TestCase("Sekret", "hush-hush", "Sample:Sekret is set, but")]
    [TestCase("Number:Deep", "1", "Sample:Number is a section, but")]
    public void A_key_that_is_not_known_is_reported_and_a_text_in_it_is_taken_for_a_secret(string key, string value, string error) =>
        Errors<Sample>((key, value)).ShouldHaveSingleItem().ShouldStartWith(error);

    [Test]
    public void All_errors_of_a_section_are_reported_at_once() =>
        Errors<Sample>(("Number", "many"), ("Pause", "00:02:00"), ("Numbr", "1"), ("Secret", "s")).Count.ShouldBe(4);

    [Test]
    public void A_section_that_is_added_twice_reports_each_error_once()
    {
        using var services = Services([("Number", "many")], services => services.AddSection<Sample>("Sample").AddSection<Sample>("Sample"));

        Should.Throw<OptionsValidationException>(() => services.GetRequiredService<IOptions<Sample>>().Value).Failures.Count().ShouldBe(1);
    }

    [TestCase("Host=x;Nonsense=1;Password=secret")]
    [TestCase("Database=x;Password=secret")]
    [TestCase("")]
    public void A_connection_string_that_cannot_be_used_is_refused_without_being_shown(string connectionString)
    {
        var error = Errors<DatabaseOptions>(("ConnectionString", connectionString)).ShouldHaveSingleItem();

        error.ShouldStartWith("Database:ConnectionString is ");
        error.ShouldNotContain("secret");
    }

    [TestCase("BootstrapServers", "nowhere", "host:port")]
    [TestCase("Partitions", "0", "1 to 1000")]
    [TestCase("ReplicationFactor", "0", "-1 for the brokers' own")]
    [TestCase("SaslMechanism", "Kerberos", "Gssapi")]
    [TestCase("Username", "ann", "set together with Kafka:SaslMechanism")]
    [TestCase("MaxMessageBytes", "1", "10000 to 100000000")]
    public void What_Kafka_cannot_be_reached_by_is_refused(string key, string value, string allowed) =>
        Errors<KafkaOptions>((key, value)).ShouldContain(error => error.StartsWith($"Kafka:{key} is \"{value}\"", StringComparison.Ordinal) && error.Contains(allowed, StringComparison.Ordinal));

    private static T Read<T>(params (string Key, string Value)[] values)
        where T : class
    {
        using var services = Services(values, services => services.AddSection<T>(Section<T>()));
        return services.GetRequiredService<IOptions<T>>().Value;
    }

    private static IReadOnlyList<string> Errors<T>(params (string Key, string Value)[] values)
        where T : class => [.. Should.Throw<OptionsValidationException>(() => Read<T>(values)).Failures];

    private static ServiceProvider Services((string Key, string Value)[] values, Action<IServiceCollection> add)
    {
        var configuration = new ConfigurationBuilder();
        configuration.AddInMemoryCollection(values.SelectMany(value => new[] { "Sample", KafkaOptions.Section, DatabaseOptions.Section }
            .Select(name => KeyValuePair.Create($"{name}:{value.Key}", (string?)value.Value))));
        var services = new ServiceCollection().AddSingleton<IConfiguration>(configuration.Build());
        add(services);
        return services.BuildServiceProvider();
    }

    private static string Section<T>() => typeof(T).Name.Replace("Options", "", StringComparison.Ordinal);

    internal enum Level
    {
        Low,
        High,
    }

    internal sealed class Sample : IValidatableObject
    {
        [Range(1, 9, ErrorMessage = "Take few.")]
        public int Number { get; set; } = 1;

        [Range(typeof(TimeSpan), "00:00:01", "00:01:00", ErrorMessage = "Wait.")]
        public TimeSpan Pause { get; set; } = TimeSpan.FromSeconds(1);

        public Level Level { get; set; }

        public bool Wanted { get; set; }

        public int? Optional { get; set; } = 5;

        [Required(ErrorMessage = "Say one.")]
        public string Word { get; set; } = "word";

        [PasswordPropertyText(true)]
        public string Secret { get; set; } = "a long secret";

        IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
        {
            if (Secret.Length < 10)
                yield return new ValidationResult("allowed: a longer one. Make one.", [nameof(Secret)]);
        }
    }
}
