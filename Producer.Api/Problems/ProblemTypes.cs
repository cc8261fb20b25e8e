using Producer.Api.Emails;

namespace Producer.Api.Problems;

/// <summary>Every problem that the API responds with.</summary>
internal static class ProblemTypes
{
    public static readonly ProblemType InvalidJson = new("invalid_json", 400, "The body is not valid JSON",
        "The body is not a JSON object, or begins with a byte order mark. `line` and `position`, counted from 1, say where reading stopped.");

    public static readonly ProblemType InvalidRequest = new("invalid_request", 400, "The request is not valid",
        "A query parameter, a header or the body is not what is expected; `detail` says which.");

    public static readonly ProblemType InvalidIdempotencyKey = new("invalid_idempotency_key", 400, "The Idempotency-Key is not valid",
        $"One header of 1 to {IdempotencyKey.MaxLength} printable ASCII characters is expected.");

    public static readonly ProblemType Unauthorized = new("unauthorized", 401, "An API key is needed",
        "Send the key as `X-Api-Key: …` or `Authorization: Bearer …`; `detail` says where one was sent that is not valid any more.");

    public static readonly ProblemType InsufficientScope = new("insufficient_scope", 403, "The key may not do this",
        "The key lacks the scope that this needs; `scope` names it. Nothing was done.");

    public static readonly ProblemType FromNotAllowed = new("from_not_allowed", 403, "The key may not send from this domain",
        "The domain of `from` is not one of those that the key may send from. Nothing was accepted.");

    public static readonly ProblemType KeyNotFound = new("key_not_found", 404, "No such key",
        "No stored key has this id.");

    public static readonly ProblemType KeyNameTaken = new("key_name_taken", 409, "There is a key of this name",
        "A key that is not revoked has this name. Take another, or rotate or revoke that one.");

    public static readonly ProblemType KeyRevoked = new("key_revoked", 409, "The key is revoked",
        "A revoked key gets no new secret. Make another key.");

    public static readonly ProblemType RateLimited = new("rate_limit_exceeded", 429, "Too many requests under this key",
        "The key's rate is used up; `Retry-After` and `ratelimit-reset` say in how many seconds there is more. Nothing was done.");

    public static readonly ProblemType KeysUnavailable = new("keys_unavailable", 503, "Whether the key is valid is not known",
        "The keys have not been read since this instance started, as Postgres does not respond. Nothing was done: try again. The key of `Api:Key` is let in all the same.")
    { RetryAfterSeconds = 2 };

    public static readonly ProblemType NotFound = new("not_found", 404, "There is nothing here",
        "The path is not one of this API.");

    public static readonly ProblemType MailNotFound = new("mail_not_found", 404, "No such mail",
        "No mail has this id: it is neither recorded nor one that this API issued.");

    public static readonly ProblemType FailureNotFound = new("failure_not_found", 404, "No such failure",
        "No failure has this id.");

    public static readonly ProblemType OperationNotFound = new("operation_not_found", 404, "No such operation",
        "No operation has this id.");

    public static readonly ProblemType HoldNotFound = new("hold_not_found", 404, "No such hold",
        "No hold has this id.");

    public static readonly ProblemType MethodNotAllowed = new("method_not_allowed", 405, "The method is not allowed here",
        "`Allow` names the methods of this path.");

    public static readonly ProblemType NotAcceptable = new("not_acceptable", 406, "There is no such form of the response",
        "Responses are JSON; leave `Accept` out, or send `Accept: application/json`.");

    public static readonly ProblemType RequestTimeout = new("request_timeout", 408, "The body came too slowly",
        "The connection was too slow or stood still while the body was read. Nothing was done.");

    public static readonly ProblemType FailureNotOpen = new("failure_not_open", 409, "The failure is not open",
        "It was replayed, resolved or discarded before, or failed again; `detail` says which. Only an unresolved failure can be replayed or discarded, and only a discarded one restored.");

    public static readonly ProblemType OperationNotOpen = new("operation_not_open", 409, "The operation is in another state",
        "A running operation can be paused, a paused one resumed, and both canceled; `state` is where it stands.");

    public static readonly ProblemType OtherCluster = new("other_cluster", 409, "The database belongs to another Kafka cluster",
        "It is a copy, or Kafka was replaced: nothing that it has is sent until `Consumer.Worker adopt` says that it belongs here.");

    public static readonly ProblemType MailNotWaiting = new("mail_not_waiting", 409, "The mail is no longer waiting",
        "It is being sent, has reached its end, a recipient has got it or may have, or it is so old that its row may have been removed (`unknown`): nothing was changed. `state` is its state.");

    public static readonly ProblemType IdempotencyKeyTaken = new("idempotency_key_taken", 409, "The mail under this Idempotency-Key is not sent any more",
        "It was canceled or discarded, or its content is not known: a post under its key would be dropped. `state` is its state. Nothing was accepted.");

    public static readonly ProblemType TooLarge = new("too_large", 413, "The mail is too large",
        "The mail, its attachments in base64 included, has more bytes of JSON than `Api:MaxMailBytes` allows; `limit` is that number.");

    public static readonly ProblemType UnsupportedMediaType = new("unsupported_media_type", 415, "The body is not JSON",
        "Send `Content-Type: application/json`, in UTF-8.");

    public static readonly ProblemType UnsupportedContentEncoding = new("unsupported_content_encoding", 415, "The body is compressed",
        "Send the body as it is, without `Content-Encoding`; `Accept-Encoding: identity` in the response says so.");

    public static readonly ProblemType UnreadableBody = new("unreadable_body", 400, "The body cannot be read",
        "The body ended early, or its chunks are not valid (RFC 9112, section 7.1). Nothing was done.");

    public static readonly ProblemType ValidationFailed = new("validation_failed", 422, "The mail is not valid",
        "`errors` names every field that is wrong, each with a `code` of its own, and what is allowed.");

    public static readonly ProblemType IdempotencyKeyReused = new("idempotency_key_reused", 409, "The Idempotency-Key was used for another mail",
        "Other content was posted under this key. Use a new key for a new mail. Nothing was accepted.");

    public static readonly ProblemType IdempotencyKeyInUse = new("idempotency_key_in_use", 409, "The same is being posted under this Idempotency-Key",
        "A post under this key is not completed, or its process has died: nothing was accepted by this one. Post the same again shortly; the mail has one id.")
    { RetryAfterSeconds = 1 };

    public static readonly ProblemType IdempotencyUnavailable = new("idempotency_unavailable", 503, "The Idempotency-Key cannot be reserved",
        "Postgres does not respond, and a post with a key is not accepted without it (`Api:IdempotencyWithoutDatabase`). Nothing was accepted: post it again under the same key.")
    { RetryAfterSeconds = 5 };

    public static readonly ProblemType ClientClosedRequest = new("client_closed_request", 499, "The caller went away",
        "Only in logs: nobody is there to read it.");

    public static readonly ProblemType Internal = new("internal_error", 500, "Something went wrong",
        "An error of this service; the log has it under `trace_id`.");

    public static readonly ProblemType NotAccepted = new("not_accepted", 503, "The mail was not accepted",
        "Kafka certainly did not take the mail: post it again freely.")
    { RetryAfterSeconds = 5 };

    public static readonly ProblemType OutcomeUnknown = new("outcome_unknown", 503, "Whether the mail was accepted is not known",
        "Kafka did not acknowledge in time, and it may have taken the mail. `id` is the mail's: ask for it later. "
        + "A repeated post is safe where the first carried an Idempotency-Key and this one carries the same; else it may send a second mail.")
    { RetryAfterSeconds = 5 };

    public static readonly ProblemType PartlyAccepted = new("partly_accepted", 503, "A part of the batch was accepted",
        "`data` has the ids of the mails that were accepted, and `errors` names the others: those with `not_accepted` were certainly not, those with `outcome_unknown` may have been. "
        + "A repeated post is safe where the first carried an Idempotency-Key and this one carries the same: what was accepted is not sent again.")
    { RetryAfterSeconds = 5 };

    public static readonly ProblemType Overloaded = new("overloaded", 503, "Too many posts at once",
        "More posts wait for Kafka, or for their `Idempotency-Key`, than `Api:MaxConcurrentPosts` allows. Nothing was accepted: post it again later.")
    { RetryAfterSeconds = 1 };

    public static readonly ProblemType DatabaseUnavailable = new("database_unavailable", 503, "Postgres does not respond",
        "Mails and failures cannot be read or acted upon now. Mails are still accepted.")
    { RetryAfterSeconds = 5 };

    /// <summary>Those of a body of a few members, which every endpoint that reads one may respond with.</summary>
    public static IReadOnlyList<ProblemType> OfBody { get; } =
        [InvalidRequest, InvalidJson, UnreadableBody, RequestTimeout, TooLarge, UnsupportedMediaType, UnsupportedContentEncoding];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ProblemType> All { get; } =
    [
        InvalidJson, InvalidRequest, InvalidIdempotencyKey, Unauthorized, InsufficientScope, FromNotAllowed, NotFound, MailNotFound, FailureNotFound, OperationNotFound, KeyNotFound, HoldNotFound, MethodNotAllowed,
        NotAcceptable, RequestTimeout, FailureNotOpen, OperationNotOpen, OtherCluster, KeyNameTaken, KeyRevoked, RateLimited, KeysUnavailable,
        MailNotWaiting, IdempotencyKeyTaken, TooLarge, UnsupportedMediaType, UnsupportedContentEncoding, UnreadableBody, ValidationFailed,
        IdempotencyKeyReused, IdempotencyKeyInUse, Internal, IdempotencyUnavailable, NotAccepted, OutcomeUnknown, PartlyAccepted, Overloaded, DatabaseUnavailable,
    ];

    /// <summary>The problem that a bare status of the framework means.</summary>
    public static ProblemType OfStatus(int status) => status switch
    {
        401 => Unauthorized,
        403 => InsufficientScope,
        404 => NotFound,
        405 => MethodNotAllowed,
        406 => NotAcceptable,
        408 => RequestTimeout,
        413 => TooLarge,
        415 => UnsupportedMediaType,
        429 => RateLimited,
        >= 400 and < 500 => InvalidRequest,
        _ => Internal,
    };
}
