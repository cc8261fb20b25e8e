using System.Globalization;

namespace Messaging.Bench.Running;

/// <summary>What a line must reach. A ratio is the subject's figure over the peer's, of the same round.</summary>
internal abstract record Bar
{
    /// <summary>Only shown.</summary>
    public static Bar None { get; } = new Free();

    public static Bar RatioAtMost(double limit) => new Ratio(limit, Most: true);

    public static Bar RatioAtLeast(double limit) => new Ratio(limit, Most: false);

    public static Bar AtMost(double limit) => new Absolute(limit, Most: true);

    public static Bar AtLeast(double limit) => new Absolute(limit, Most: false);

    public static Bar AtMostOverPeer(double margin) => new Margin(margin);

    /// <summary>Whether the medians reach it.</summary>
    public abstract bool Met(double subject, double peer, double ratio);

    private static string Text(double number) => number.ToString("0.####", CultureInfo.InvariantCulture);

    private sealed record Free : Bar
    {
        public override bool Met(double subject, double peer, double ratio) => true;

        public override string ToString() => "";
    }

    private sealed record Ratio(double Limit, bool Most) : Bar
    {
        public override bool Met(double subject, double peer, double ratio) => Most ? ratio <= Limit : ratio >= Limit;

        public override string ToString() => $"ratio {(Most ? "<=" : ">=")} {Text(Limit)}";
    }

    private sealed record Absolute(double Limit, bool Most) : Bar
    {
        public override bool Met(double subject, double peer, double ratio) => Most ? subject <= Limit : subject >= Limit;

        public override string ToString() => $"subject {(Most ? "<=" : ">=")} {Text(Limit)}";
    }

    private sealed record Margin(double Over) : Bar
    {
        public override bool Met(double subject, double peer, double ratio) => subject <= peer + Over;

        public override string ToString() => $"subject <= peer + {Text(Over)}";
    }
}
