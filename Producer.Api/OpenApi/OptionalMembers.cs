using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Producer.Api.OpenApi;

/// <summary>What a response leaves out where there is nothing to say (null) is not required. Requests are read strictly, by which they are known here.</summary>
internal static class OptionalMembers
{
    public static Task DescribeAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.JsonTypeInfo.UnmappedMemberHandling == JsonUnmappedMemberHandling.Disallow)
            return Task.CompletedTask;
        foreach (var member in context.JsonTypeInfo.Properties.Where(MayBeNull))
            schema.Required?.Remove(member.Name);
        return Task.CompletedTask;
    }

    private static bool MayBeNull(JsonPropertyInfo member) =>
        Nullable.GetUnderlyingType(member.PropertyType) is not null || (!member.PropertyType.IsValueType && member.IsGetNullable);
}
