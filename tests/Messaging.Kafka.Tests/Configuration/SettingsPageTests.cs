using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Configuration;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Receiving;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Configuration;

/// <summary>docs/rider.md has every setting, none that is not there, and the defaults of the code.</summary>
public partial class SettingsPageTests
{
    private static readonly string Page = Checkout.Read("docs/rider.md");

    private static readonly ConsumerSettings Consumer = ConsumerSettings.Of("orders", ConsumerSettings.WithDefaults(new ConsumerConfig { GroupId = "g" }));

    [Test]
    public void Every_endpoint_setting_is_in_the_table_and_no_other()
    {
        // MassTransit's own setting, with another default here.
        var settings = Members(typeof(IKafkaConsumerConfigurator), typeof(IKafkaTopicReceiveEndpointConfigurator), typeof(IKafkaTopicReceiveEndpointConfigurator<,>))
            .Append(nameof(IReceiveEndpointConfigurator.PublishFaults));
        Rows("Endpoint settings").Keys.ShouldBe(settings, ignoreOrder: true);
    }

    [Test]
    public void Every_setting_without_a_meaning_says_so_where_it_is_used_and_on_the_page()
    {
        var settings = typeof(IKafkaTopicReceiveEndpointConfigurator).GetProperties().Where(IsObsolete).ToList();
        settings.ShouldNotBeEmpty();
        settings.ShouldAllBe(setting => setting.GetCustomAttribute<ObsoleteAttribute>()!.Message!.StartsWith("Has no effect: ", StringComparison.Ordinal));
        settings.Where(setting => !Page.Contains($"`{setting.Name}`", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Test]
    public void Every_host_and_client_setting_is_on_the_page_and_the_table_has_no_other()
    {
        var settings = Members(typeof(IKafkaFactoryConfigurator));
        Rows("Host and client settings").Keys.Except(settings).ShouldBeEmpty();
        settings.Where(setting => !Regex.IsMatch(Page, $@"`(kafka\.)?{setting}\b", RegexOptions.None, TimeSpan.FromSeconds(1))).ShouldBeEmpty();
    }

    [Test]
    public void Every_setting_of_a_producer_is_on_the_page() =>
        Members(typeof(IKafkaProducerConfigurator)).Where(setting => !Page.Contains($"`{setting}", StringComparison.Ordinal)).ShouldBeEmpty();

    [TestCaseSource(nameof(Defaults))]
    public void The_table_gives_the_default_of_the_code(string section, string setting, object value) =>
        Rows(section)[setting].ShouldStartWith(Text(value));

    [TestCaseSource(nameof(Options))]
    public void The_page_gives_the_default_of_an_option(string option, object value) =>
        Page.ShouldMatch($@"`{option}` \(?{Regex.Escape(Text(value))}\b");

    private static IEnumerable<TestCaseData> Defaults()
    {
        var rider = new KafkaFactoryConfigurator(null!, new RiderBus<IBus>(), new HostClientConfig());
        const string Endpoint = "Endpoint settings";
        const string Host = "Host and client settings";
        yield return new(Endpoint, "ConcurrentMessageLimit", Consumer.Concurrency);
        yield return new(Endpoint, "MessageLimit", Consumer.MessageLimit);
        yield return new(Endpoint, "CheckpointInterval", Consumer.CheckpointInterval);
        yield return new(Endpoint, "CheckpointMessageCount", Consumer.CheckpointMessageCount);
        yield return new(Endpoint, "AutoOffsetReset", Consumer.Config.AutoOffsetReset!);
        yield return new(Endpoint, "PartitionAssignmentStrategy", Consumer.Config.PartitionAssignmentStrategy!);
        yield return new(Endpoint, "SessionTimeout", TimeSpan.FromMilliseconds(Consumer.Config.SessionTimeoutMs!.Value));
        yield return new(Endpoint, "HeartbeatInterval", TimeSpan.FromMilliseconds(Consumer.Config.HeartbeatIntervalMs!.Value));
        yield return new(Endpoint, "DrainTimeout", Consumer.DrainTimeout);
        yield return new(Endpoint, "StopTimeout", Consumer.StopTimeout);
        yield return new(Endpoint, "StallTimeout", Consumer.StallTimeout);
        yield return new(Endpoint, "PrefetchCount", $"10 × `ConcurrentMessageLimit`, at least {Text(Consumer.PrefetchCount)}");
        yield return new(Endpoint, "QueuedMaxMessagesKbytes", $"100,000; {Text(Consumer.Config.QueuedMaxMessagesKbytes!)}");
        yield return new(Host, "DeliveryTimeout", rider.DeliveryTimeout);
        yield return new(Host, "UnreachableAfter", rider.UnreachableAfter);
        yield return new(Host, "ReviveAfter", rider.ReviveAfter);
    }

    private static IEnumerable<TestCaseData> Options()
    {
        var (pause, topic) = (new PauseSettings(), new KafkaTopicOptions());
        yield return new(nameof(pause.FirstInterval), pause.FirstInterval);
        yield return new(nameof(pause.LastInterval), pause.LastInterval);
        yield return new(nameof(pause.MaxPausesPerMessage), pause.MaxPausesPerMessage);
        yield return new(nameof(topic.NumPartitions), topic.NumPartitions);
        yield return new(nameof(topic.MaxMessageBytes), topic.MaxMessageBytes);
        yield return new(nameof(topic.RequestTimeout), topic.RequestTimeout);
    }

    private static bool IsObsolete(MemberInfo member) => member.IsDefined(typeof(ObsoleteAttribute), inherit: false);

    /// <summary>The names of what an application sets or calls.</summary>
    private static List<string> Members(params Type[] types) =>
        [.. types.SelectMany(type => type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Where(member => member is PropertyInfo or MethodInfo { IsSpecialName: false } && !IsObsolete(member)).Select(member => member.Name).Distinct()];

    /// <summary>The defaults that a section's table gives, by setting; one row may have several.</summary>
    private static Dictionary<string, string> Rows(string section)
    {
        var text = Page[Page.IndexOf($"## {section}\n", StringComparison.Ordinal)..];
        text = text[..text.IndexOf("\n## ", StringComparison.Ordinal)];
        return Row().Matches(text)
            .SelectMany(row => Name().Matches(row.Groups["names"].Value).Select(name => (name.Value, Default: row.Groups["default"].Value.Trim())))
            .ToDictionary(row => row.Value, row => row.Default);
    }

    /// <summary>A value as the page writes it.</summary>
    private static string Text(object value) => value switch
    {
        TimeSpan time when time.TotalMinutes >= 1 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes} min"),
        TimeSpan time => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds} s"),
        int number => number.ToString("N0", CultureInfo.InvariantCulture),
        PartitionAssignmentStrategy.CooperativeSticky => "cooperative-sticky",
        Enum name => name.ToString().ToLowerInvariant(),
        _ => value.ToString()!,
    };

    [GeneratedRegex(@"^\| (?<names>`[^|]*) \| (?<default>[^|]*) \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Row();

    [GeneratedRegex("(?<=`)[A-Za-z]+(?=`)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Name();
}
