using System.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Producer.Api.Problems;

/// <summary>Makes a response of a <see cref="ProblemType"/>.</summary>
internal static class ProblemResults
{
    /// <summary>The member that holds <see cref="ProblemType.Code"/>.</summary>
    public const string CodeMember = "code";

    /// <summary>The member that holds the limit in bytes that a mail is past.</summary>
    public const string LimitMember = "limit";

    public static ProblemHttpResult Because(this ProblemType type, string detail, params (string Name, object? Value)[] members) =>
        TypedResults.Problem(type.Details(detail, members));

    public static ProblemDetails Details(this ProblemType type, string? detail, params (string Name, object? Value)[] members)
    {
        var problem = new ProblemDetails { Type = type.Uri, Title = type.Title, Status = type.Status, Detail = detail };
        problem.Extensions[CodeMember] = type.Code;
        foreach (var (name, value) in members.Where(member => member.Value is not null))
            problem.Extensions[name] = value;
        return problem;
    }

    /// <summary>The code of a problem that was made here.</summary>
    public static string CodeOf(ProblemHttpResult problem) => (string)problem.ProblemDetails.Extensions[CodeMember]!;

    /// <summary>What finds a request in logs and traces.</summary>
    public static string TraceId(HttpContext context) => Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;

    /// <summary>
    /// What every problem response has, whoever made it: a code, the trace's id, and when to try again. Responses of the framework,
    /// such as 404 for an unknown path, get their code here.
    /// </summary>
    public static void Complete(ProblemDetailsContext context)
    {
        var problem = context.ProblemDetails;
        problem.Status ??= context.HttpContext.Response.StatusCode;
        var type = problem.Extensions.TryGetValue(CodeMember, out var code)
            ? ProblemTypes.All.FirstOrDefault(known => Equals(known.Code, code)) ?? ProblemTypes.Internal
            : ProblemTypes.OfStatus(problem.Status.Value);
        problem.Type = type.Uri;
        problem.Title = type.Title;
        problem.Detail ??= type.Meaning;
        problem.Extensions[CodeMember] = type.Code;
        problem.Extensions.Remove("traceId");
        problem.Extensions["trace_id"] = TraceId(context.HttpContext);
        // What the clients of Resend show of an error.
        problem.Extensions["name"] = type.Code;
        problem.Extensions["message"] = problem.Detail;
        problem.Extensions["statusCode"] = problem.Status;
        if (type.RetryAfterSeconds is { } seconds)
            context.HttpContext.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}
