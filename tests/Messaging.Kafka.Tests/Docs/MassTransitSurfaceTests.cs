using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using MassTransit;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Docs;

/// <summary>
/// Holds docs/masstransit-surface.txt, the types of MassTransit that the rider stands on, against what the built rider references.
/// With <c>UPDATE_MASSTRANSIT_SURFACE=1</c> the list is written instead of compared.
/// </summary>
public class MassTransitSurfaceTests
{
    private const string Page = "docs/masstransit-surface.txt";
    private const string Regenerate = "UPDATE_MASSTRANSIT_SURFACE=1 dotnet test tests/Messaging.Kafka.Tests --filter MassTransitSurface";

    [Test]
    public void The_list_has_every_type_of_MassTransit_that_the_rider_references_and_no_other()
    {
        var referenced = Referenced(typeof(IKafkaRider).Assembly.Location);
        var path = Path.Combine(Checkout.Root, Page);
        if (Environment.GetEnvironmentVariable("UPDATE_MASSTRANSIT_SURFACE") == "1")
            File.WriteAllLines(path, Comments(path).Concat(referenced));

        var listed = File.ReadAllLines(path).Where(line => !IsComment(line)).ToList();

        referenced.Except(listed).ShouldBeEmpty($"the rider references these; add the lines to {Page}, or run {Regenerate}");
        listed.Except(referenced).ShouldBeEmpty($"the rider does not reference these any more; remove the lines from {Page}, or run {Regenerate}");
        listed.ShouldBe(referenced, "the lines are sorted, each once");
    }

    [Test]
    public void The_rider_is_read_for_what_it_references() =>
        Referenced(typeof(IKafkaRider).Assembly.Location).ShouldContain("MassTransit.Abstractions MassTransit.ConsumeContext");

    private static bool IsComment(string line) => line.Length == 0 || line[0] == '#';

    private static IEnumerable<string> Comments(string path) => File.ReadAllLines(path).TakeWhile(IsComment);

    /// <summary>Assembly and full name of each type that the assembly at a path takes from MassTransit.</summary>
    private static List<string> Referenced(string assembly)
    {
        using var file = File.OpenRead(assembly);
        using var image = new PEReader(file);
        var metadata = image.GetMetadataReader();
        return metadata.TypeReferences.Select(handle => Line(metadata, handle)).OfType<string>().Distinct().Order(StringComparer.Ordinal).ToList();
    }

    private static string? Line(MetadataReader metadata, TypeReferenceHandle handle)
    {
        var type = metadata.GetTypeReference(handle);
        var name = metadata.GetString(type.Name);
        switch (type.ResolutionScope.Kind)
        {
            case HandleKind.TypeReference: // a nested type: its outer one says where it is from
                return Line(metadata, (TypeReferenceHandle)type.ResolutionScope) is { } outer ? $"{outer}+{name}" : null;
            case HandleKind.AssemblyReference:
                var assembly = metadata.GetString(metadata.GetAssemblyReference((AssemblyReferenceHandle)type.ResolutionScope).Name);
                return assembly.StartsWith("MassTransit", StringComparison.Ordinal) ? $"{assembly} {metadata.GetString(type.Namespace)}.{name}" : null;
            default:
                return null;
        }
    }
}
