using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Producer.Api.Tests.Problems;

/// <summary>What callers get wrong, a line each, with the exact codes.</summary>
public partial class BadInputTests
{
    private const string NoMail = "0190b0a0-0000-7000-8000-000000000000";

    private ApiHost _api = null!;

    [OneTimeSetUp]
    public async Task Start() => _api = await ApiHost.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    // A field of an otherwise valid mail, its JSON, and all errors of the mail.
    private static readonly (string Field, string Json, string Errors)[] Mails =
    [
        ("from", "null", "from: required"),
        ("from", "\"\"", "from: required"),
        ("from", "\" \"", "from: invalid_address"),
        ("from", "1", "from: wrong_type"),
        ("from", "true", "from: wrong_type"),
        ("from", "[]", "from: wrong_type"),
        ("from", "[\"a@x.org\"]", "from: wrong_type"),
        ("from", "{}", "from: wrong_type"),
        ("from", "\"nobody\"", "from: invalid_address"),
        ("from", "\"@x.org\"", "from: invalid_address"),
        ("from", "\"a@\"", "from: invalid_address"),
        ("from", "\"a@b@x.org\"", "from: invalid_address"),
        ("from", "\"a b@x.org\"", "from: invalid_address"),
        ("from", "\"a@x.org, b@x.org\"", "from: invalid_address"),
        ("from", "\"a@x.org b@x.org\"", "from: invalid_address"),
        ("from", "\"a@x..org\"", "from: invalid_address"),
        ("from", "\"a@-x.org\"", "from: invalid_address"),
        ("from", "\"a@x.org-\"", "from: invalid_address"),
        ("from", "\".a@x.org\"", "from: invalid_address"),
        ("from", "\"a.@x.org\"", "from: invalid_address"),
        ("from", "\"a@x.org\\r\\nBcc: b@x.org\"", "from: invalid_address"),
        ("from", "\"a@x.org\\u0000\"", "from: invalid_address"),
        ("from", "\"Ann <a@x.org\"", "from: invalid_address"),
        ("from", "\"Ann a@x.org>\"", "from: invalid_address"),
        ("from", "\"Ann <>\"", "from: invalid_address"),
        ("from", "\"<a@x.org> Ann\"", "from: invalid_address"),
        ("from", "\"a@x.org (Ann)\"", "from: invalid_address"),
        ("from", "\"\\ud800@x.org\"", "from: invalid_text"),
        ("from", "\"LONG@x.org\"", "from: invalid_address"),
        ("to", "null", "to: required"),
        ("to", "[]", "to: required"),
        ("to", "\"\"", "to: invalid_address"),
        ("to", "[\"\"]", "to: invalid_address"),
        ("to", "[null]", "to[0]: wrong_type"),
        ("to", "[1]", "to[0]: wrong_type"),
        ("to", "[\"b@x.org\",1]", "to[1]: wrong_type"),
        ("to", "[1,\"b@x.org\",2]", "to[0]: wrong_type, to[2]: wrong_type"),
        ("to", "[[\"b@x.org\"]]", "to[0]: wrong_type"),
        ("to", "[{\"email\":\"b@x.org\"}]", "to[0]: wrong_type"),
        ("to", "{\"email\":\"b@x.org\"}", "to: wrong_type"),
        ("to", "5", "to: wrong_type"),
        ("to", "false", "to: wrong_type"),
        ("to", "\"b@x.org,c@x.org\"", "to: invalid_address"),
        ("to", "\"b@x.org;c@x.org\"", "to: invalid_address"),
        ("to", "[\"b@x.org\",\"c\"]", "to[1]: invalid_address"),
        ("to", "[\"b\",\"c\"]", "to[0]: invalid_address, to[1]: invalid_address"),
        ("to", "\"b@x.org\\n\"", "to: invalid_address"),
        ("to", "[\"\\udc00\"]", "to[0]: invalid_text"),
        ("to", "\"b@ü..example\"", "to: invalid_address"),
        ("to", "\"b@bü cher.example\"", "to: invalid_address"),
        ("to", "\"b@[127.1]\"", "to: invalid_address"),
        ("to", "\"b@[a\\\\]b]\"", "to: invalid_address"),
        ("to", "\"b\\u200b@x.org\"", "to: invalid_address"),
        ("to", "[101*\"b@x.org\"]", "to: too_many"),
        ("to", "[101*1]", "to: too_many"),
        ("cc", "1", "cc: wrong_type"),
        ("cc", "\"c\"", "cc: invalid_address"),
        ("cc", "[\"c@x.org\",\"\"]", "cc[1]: invalid_address"),
        ("cc", "[101*null]", "cc: too_many"),
        ("cc", "[100*\"c@x.org\"]", "to: too_many"),
        ("cc", "{}", "cc: wrong_type"),
        ("bcc", "1", "bcc: wrong_type"),
        ("bcc", "\"c\"", "bcc: invalid_address"),
        ("bcc", "[true]", "bcc[0]: wrong_type"),
        ("bcc", "[101*{}]", "bcc: too_many"),
        ("bcc", "[100*\"c@x.org\"]", "to: too_many"),
        ("reply_to", "1", "reply_to: wrong_type"),
        ("reply_to", "\"c\"", "reply_to: invalid_address"),
        ("reply_to", "[1]", "reply_to[0]: wrong_type"),
        ("reply_to", "[11*\"c@x.org\"]", "reply_to: too_many"),
        ("reply_to", "[11*[]]", "reply_to: too_many"),
        ("subject", "null", "subject: required"),
        ("subject", "1", "subject: wrong_type"),
        ("subject", "[]", "subject: wrong_type"),
        ("subject", "{}", "subject: wrong_type"),
        ("subject", "\"a\\nb\"", "subject: invalid_text"),
        ("subject", "\"a\\r\\nBcc: b@x.org\"", "subject: invalid_text"),
        ("subject", "\"a\\u0000\"", "subject: invalid_text"),
        ("subject", "\"a\\u0085\"", "subject: invalid_text"),
        ("subject", "\"a\\u2028\"", "subject: invalid_text"),
        ("subject", "\"\\ud800\"", "subject: invalid_text"),
        ("subject", "\"LONG\"", "subject: too_long"),
        ("text", "null", "text: required"),
        ("text", "1", "text: wrong_type"),
        ("text", "[\"t\"]", "text: wrong_type"),
        ("text", "{}", "text: wrong_type"),
        ("text", "\"\\ud800\"", "text: invalid_text"),
        ("body", "\"other\"", "body: conflict"),
        ("body", "1", "body: wrong_type"),
        ("body", "\"\\udfff\"", "body: invalid_text"),
        ("html", "1", "html: wrong_type"),
        ("html", "[]", "html: wrong_type"),
        ("html", "\"\\ud800\"", "html: invalid_text"),
        ("calendar", "1", "calendar: wrong_type"),
        ("calendar", "{}", "calendar: wrong_type"),
        ("calendar", "\"\"", "calendar: invalid_calendar"),
        ("calendar", "\"BEGIN:VCALENDAR\\nEND:VCALENDAR\"", "calendar: invalid_calendar"),
        ("calendar", "\"\\ud800\"", "calendar: invalid_text"),
        ("attachments", "1", "attachments: wrong_type"),
        ("attachments", "\"a\"", "attachments: wrong_type"),
        ("attachments", "{}", "attachments: wrong_type"),
        ("attachments", "[1]", "attachments[0]: wrong_type"),
        ("attachments", "[null]", "attachments[0]: wrong_type"),
        ("attachments", "[[]]", "attachments[0]: wrong_type"),
        ("attachments", "[\"JVBE\"]", "attachments[0]: wrong_type"),
        ("attachments", "[{}]", "attachments[0].filename: required, attachments[0].content: required"),
        ("attachments", "[{\"filename\":\"a\"}]", "attachments[0].content: required"),
        ("attachments", "[{\"content\":\"JVBE\"}]", "attachments[0].filename: required"),
        ("attachments", "[{\"filename\":\"\",\"content\":\"\"}]", "attachments[0].filename: required"),
        ("attachments", "[{\"filename\":null,\"content\":null}]", "attachments[0].filename: required, attachments[0].content: required"),
        ("attachments", "[{\"filename\":1,\"content\":\"\"}]", "attachments[0].filename: wrong_type"),
        ("attachments", "[{\"filename\":\"a\",\"content\":1}]", "attachments[0].content: wrong_type"),
        ("attachments", "[{\"filename\":\"a\",\"content\":[1,2]}]", "attachments[0].content: wrong_type"),
        ("attachments", "[{\"filename\":\"a\",\"content\":{\"type\":\"Buffer\"}}]", "attachments[0].content: wrong_type"),
        ("attachments", "[{\"filename\":\"a\",\"content\":\"?\"}]", "attachments[0].content: invalid_base64"),
        ("attachments", "[{\"filename\":\"a\",\"content\":\"JVB\"}]", "attachments[0].content: invalid_base64"),
        ("attachments", "[{\"filename\":\"a\",\"content\":\"J-_E\"}]", "attachments[0].content: invalid_base64"),
        ("attachments", "[{\"filename\":\"a\",\"content\":\"data:text/plain;base64,JVBE\"}]", "attachments[0].content: invalid_base64"),
        ("attachments", "[{\"filename\":\"a\",\"path\":\"http://x.org/a\"}]", "attachments[0].path: unknown_field"),
        ("attachments", "[{\"filename\":\"a\",\"content\":\"\",\"contentType\":\"text/plain\"}]", "attachments[0].contentType: unknown_field"),
        ("attachments", "[{\"filename\":\"a\",\"filename\":\"b\",\"content\":\"\"}]", "attachments[0].filename: duplicate_field"),
        ("attachments", "[{\"filename\":\"../a\",\"content\":\"\"}]", "attachments[0].filename: invalid_filename"),
        ("attachments", "[{\"filename\":\"..\",\"content\":\"\"}]", "attachments[0].filename: invalid_filename"),
        ("attachments", "[{\"filename\":\".\",\"content\":\"\"}]", "attachments[0].filename: invalid_filename"),
        ("attachments", "[{\"filename\":\"a/b\",\"content\":\"\"}]", "attachments[0].filename: invalid_filename"),
        ("attachments", "[{\"filename\":\"a\\\\b\",\"content\":\"\"}]", "attachments[0].filename: invalid_filename"),
        ("attachments", "[{\"filename\":\"a\\nb\",\"content\":\"\"}]", "attachments[0].filename: invalid_filename"),
        ("attachments", "[{\"filename\":\" a\",\"content\":\"\"}]", "attachments[0].filename: invalid_filename"),
        ("attachments", "[{\"filename\":\"=?utf-8?q?a?=\",\"content\":\"\"}]", "attachments[0].filename: invalid_filename"),
        ("attachments", "[{\"filename\":\"a\\u202ecod.exe\",\"content\":\"\"}]", "attachments[0].filename: invalid_filename"),
        ("attachments", "[{\"filename\":\"a\\u200fb\",\"content\":\"\"}]", "attachments[0].filename: invalid_filename"),
        ("attachments", "[{\"filename\":\"LONG\",\"content\":\"\"}]", "attachments[0].filename: too_long"),
        ("attachments", "[{\"filename\":\"\\ud800\",\"content\":\"\"}]", "attachments[0].filename: invalid_text"),
        ("attachments", "[{\"filename\":\"a\",\"content\":\"\",\"content_type\":\"pdf\"}]", "attachments[0].content_type: invalid_content_type"),
        ("attachments", "[{\"filename\":\"a\",\"content\":\"\",\"content_type\":\"\"}]", "attachments[0].content_type: invalid_content_type"),
        ("attachments", "[{\"filename\":\"a\",\"content\":\"\",\"content_type\":\"multipart/mixed\"}]", "attachments[0].content_type: invalid_content_type"),
        ("attachments", "[{\"filename\":\"a\",\"content\":\"\",\"content_type\":\"message/rfc822\"}]", "attachments[0].content_type: invalid_content_type"),
        ("attachments", "[{\"filename\":\"a\",\"content\":\"\",\"content_type\":\"a/b\\r\\nX: y\"}]", "attachments[0].content_type: invalid_content_type"),
        ("attachments", "[{\"filename\":\"a\",\"content\":\"\",\"content_type\":\"LONG\"}]", "attachments[0].content_type: too_long"),
        ("attachments", "[{\"filename\":\"a\",\"content\":\"\",\"content_type\":1}]", "attachments[0].content_type: wrong_type"),
        ("attachments", "[{\"filename\":\"a\",\"content\":\"\",\"content_id\":\"<logo>\"}]", "attachments[0].content_id: invalid_content_id"),
        ("attachments", "[{\"filename\":\"a\",\"content\":\"\",\"content_id\":\"\"}]", "attachments[0].content_id: invalid_content_id"),
        ("attachments", "[{\"filename\":\"a\",\"content\":\"\",\"content_id\":\"lo go\"}]", "attachments[0].content_id: invalid_content_id"),
        ("attachments", "[{\"filename\":\"a\",\"content\":\"\",\"content_id\":\"LONG\"}]", "attachments[0].content_id: too_long"),
        ("attachments", "[{\"filename\":\"a\",\"content\":\"\",\"content_id\":1}]", "attachments[0].content_id: wrong_type"),
        ("attachments", "[2*{\"filename\":\"a\",\"content\":\"\",\"content_id\":\"i\"}]", "attachments[1].content_id: invalid_content_id"),
        ("attachments", "[101*{\"filename\":\"a\",\"content\":\"\"}]", "attachments: too_many"),
        ("attachments", "[101*{}]", "attachments: too_many"),
        ("attachments", "[101*1]", "attachments: too_many"),
        ("headers", "1", "headers: wrong_type"),
        ("headers", "\"X-A: 1\"", "headers: wrong_type"),
        ("headers", "[]", "headers: wrong_type"),
        ("headers", "[{\"name\":\"X-A\",\"value\":\"1\"}]", "headers: wrong_type"),
        ("headers", "{\"X-A\":1}", "headers.X-A: wrong_type"),
        ("headers", "{\"X-A\":null}", "headers.X-A: wrong_type"),
        ("headers", "{\"X-A\":[\"1\"]}", "headers.X-A: wrong_type"),
        ("headers", "{\"X-A\":\"1\",\"X-A\":\"2\"}", "headers.X-A: duplicate_field"),
        ("headers", "{\"X-A\":\"1\",\"x-a\":\"2\"}", "headers.x-a: duplicate_field"),
        ("headers", "{\"\":\"1\"}", "headers.: invalid_header_name"),
        ("headers", "{\"X A\":\"1\"}", "headers.X A: invalid_header_name"),
        ("headers", "{\"X:A\":\"1\"}", "headers.X:A: invalid_header_name"),
        ("headers", "{\"X-Ü\":\"1\"}", "headers.X-Ü: invalid_header_name"),
        ("headers", "{\"From\":\"1\"}", "headers.From: reserved_header"),
        ("headers", "{\"to\":\"1\"}", "headers.to: reserved_header"),
        ("headers", "{\"BCC\":\"1\"}", "headers.BCC: reserved_header"),
        ("headers", "{\"Subject\":\"1\"}", "headers.Subject: reserved_header"),
        ("headers", "{\"Date\":\"1\"}", "headers.Date: reserved_header"),
        ("headers", "{\"Message-Id\":\"1\"}", "headers.Message-Id: reserved_header"),
        ("headers", "{\"Content-Type\":\"1\"}", "headers.Content-Type: reserved_header"),
        ("headers", "{\"DKIM-Signature\":\"1\"}", "headers.DKIM-Signature: reserved_header"),
        ("headers", "{\"Resent-To\":\"1\"}", "headers.Resent-To: reserved_header"),
        ("headers", "{\"ARC-Seal\":\"1\"}", "headers.ARC-Seal: reserved_header"),
        ("headers", "{\"Return-Path\":\"1\"}", "headers.Return-Path: reserved_header"),
        ("headers", "{\"Received\":\"1\"}", "headers.Received: reserved_header"),
        ("headers", "{\"X-A\":\"1\\r\\nBcc: b@x.org\"}", "headers.X-A: invalid_text"),
        ("headers", "{\"X-A\":\"\\u0000\"}", "headers.X-A: invalid_text"),
        ("headers", "{\"X-A\":\"\\ud800\"}", "headers.X-A: invalid_text"),
        ("headers", "{\"X-A\":\"LONGLONGLONGLONGLONG\"}", "headers.X-A: too_long"),
        ("headers", "{\"List-Unsubscribe\":\"<https://x.org/LONGLONG>\"}", "headers.List-Unsubscribe: too_long"),
        ("headers", "{\"List-Unsubscribe\":\"https://x.org/ü\"}", "headers.List-Unsubscribe: invalid_text"),
        ("headers", "{\"Disposition-Notification-To\":\"ü\"}", "headers.Disposition-Notification-To: invalid_address"),
        ("headers", "{51*\"X\":\"1\"}", "headers: too_many"),
        ("tags", "1", "tags: wrong_type"),
        ("tags", "\"a\"", "tags: wrong_type"),
        ("tags", "{}", "tags: wrong_type"),
        ("tags", "[1]", "tags[0]: wrong_type"),
        ("tags", "[null]", "tags[0]: wrong_type"),
        ("tags", "[{}]", "tags[0].name: required"),
        ("tags", "[{\"name\":1,\"value\":\"b\"}]", "tags[0].name: wrong_type"),
        ("tags", "[{\"name\":\"a\",\"value\":1}]", "tags[0].value: wrong_type"),
        ("tags", "[{\"name\":\"\",\"value\":\"b\"}]", "tags[0].name: empty"),
        ("tags", "[{\"name\":\"a\",\"value\":\"LONG\"}]", "tags[0].value: too_long"),
        ("tags", "[{\"name\":\"a\",\"value\":\"b\",\"x\":1}]", "tags[0].x: unknown_field"),
        ("tags", "[{\"name\":\"a\",\"name\":\"b\"}]", "tags[0].name: duplicate_field"),
        ("tags", "[\"\"]", "tags[0]: empty"),
        ("tags", "[\" \"]", "tags[0]: empty"),
        ("tags", "[\"a\\nb\"]", "tags[0]: invalid_text"),
        ("tags", "[\"LONG\"]", "tags[0]: too_long"),
        ("tags", "[21*\"a\"]", "tags: too_many"),
        ("tags", "[21*1]", "tags: too_many"),
        ("ordering_key", "1", "ordering_key: wrong_type"),
        ("ordering_key", "[]", "ordering_key: wrong_type"),
        ("ordering_key", "\"\"", "ordering_key: empty"),
        ("ordering_key", "\"  \"", "ordering_key: empty"),
        ("ordering_key", "\"a\\u0007\"", "ordering_key: invalid_text"),
        ("ordering_key", "\"LONG\"", "ordering_key: too_long"),
        ("scheduled_at", "1", "scheduled_at: wrong_type"),
        ("scheduled_at", "1893456000", "scheduled_at: wrong_type"),
        ("scheduled_at", "[]", "scheduled_at: wrong_type"),
        ("scheduled_at", "\"\"", "scheduled_at: invalid_time"),
        ("scheduled_at", "\"now\"", "scheduled_at: invalid_time"),
        ("scheduled_at", "\"in an hour\"", "scheduled_at: invalid_time"),
        ("scheduled_at", "\"2030-01-01\"", "scheduled_at: invalid_time"),
        ("scheduled_at", "\"2030-01-01T00:00:00\"", "scheduled_at: invalid_time"),
        ("scheduled_at", "\"2030-01-01 00:00:00Z\"", "scheduled_at: invalid_time"),
        ("scheduled_at", "\"2030-13-01T00:00:00Z\"", "scheduled_at: invalid_time"),
        ("scheduled_at", "\"2030-02-30T00:00:00Z\"", "scheduled_at: invalid_time"),
        ("scheduled_at", "\"2030-01-01T25:00:00Z\"", "scheduled_at: invalid_time"),
        ("scheduled_at", "\"2030-01-01T00:00:00+01\"", "scheduled_at: invalid_time"),
        ("scheduled_at", "\"2030-01-01T00:00:00.0000000000Z\"", "scheduled_at: invalid_time"),
        ("scheduled_at", "\"01/02/2030\"", "scheduled_at: invalid_time"),
        ("scheduled_at", "\"9999-12-31T23:59:59Z\"", "scheduled_at: too_far_ahead"),
        ("template", "\"t\"", "template: not_supported"),
        ("template_id", "1", "template_id: not_supported"),
        ("template_data", "{}", "template_data: not_supported"),
        ("priority", "1", "priority: not_supported"),
        ("unsubscribe", "true", "unsubscribe: not_supported"),
        ("replyTo", "\"a@x.org\"", "replyTo: unknown_field"),
        ("scheduledAt", "\"in 1 hour\"", "scheduledAt: unknown_field"),
        ("From", "\"a@x.org\"", "From: unknown_field"),
        ("sender", "\"a@x.org\"", "sender: unknown_field"),
        ("react", "{}", "react: unknown_field"),
        ("", "1", ": unknown_field"),
        ("__proto__", "{}", "__proto__: unknown_field"),
        ("z", "[[[[[[]]]]]]", "z: unknown_field"),
    ];

    // The method and path, the body, and the problem.
    private static readonly (string Request, string? Body, string Problem)[] Requests =
    [
        ("POST /emails", "", "400 invalid_json"),
        ("POST /emails", " ", "400 invalid_json"),
        ("POST /emails", "{", "400 invalid_json"),
        ("POST /emails", "}", "400 invalid_json"),
        ("POST /emails", "[]", "400 invalid_json"),
        ("POST /emails", "null", "400 invalid_json"),
        ("POST /emails", "true", "400 invalid_json"),
        ("POST /emails", "1e400", "400 invalid_json"),
        ("POST /emails", "\"mail\"", "400 invalid_json"),
        ("POST /emails", "{} {}", "400 invalid_json"),
        ("POST /emails", "{\"a\":1,}", "400 invalid_json"),
        ("POST /emails", "{'a':1}", "400 invalid_json"),
        ("POST /emails", "{a:1}", "400 invalid_json"),
        ("POST /emails", "{\"a\":NaN}", "400 invalid_json"),
        ("POST /emails", "{\"a\":01}", "400 invalid_json"),
        ("POST /emails", "{\"a\":\"\n\"}", "400 invalid_json"),
        ("POST /emails", "{\"a\":\"\\x\"}", "400 invalid_json"),
        ("POST /emails", "{/**/}", "400 invalid_json"),
        ("POST /emails", "{\"\\ud800\":1}", "400 invalid_json"),
        ("POST /emails", "{\"headers\":{\"\\ud800\":\"1\"}}", "400 invalid_json"),
        ("POST /emails", "{\"attachments\":[{\"\\ud800\":\"1\"}]}", "400 invalid_json"),
        ("POST /emails", "{\"z\":" + new string('[', 65), "400 invalid_json"),
        ("POST /emails", "<mail/>", "400 invalid_json"),
        ("POST /emails", "{}", "422 validation_failed"),
        ("GET /emails?limit=0", null, "400 invalid_request"),
        ("GET /emails?status=sent", null, "400 invalid_request"),
        ("GET /emails?cursor=x", null, "400 invalid_request"),
        ($"GET /emails/{NoMail}/events", null, "404 mail_not_found"),
        ($"GET /emails/{NoMail}?wait=1h", null, "400 invalid_request"),
        ("POST /emails/batch", "[", "400 invalid_json"),
        ("POST /emails/batch", "{}", "422 validation_failed"),
        ("GET /emails/batch", null, "404 mail_not_found"),
        ("PUT /emails", "{}", "405 method_not_allowed"),
        ("DELETE /emails", null, "405 method_not_allowed"),
        ("GET /emails/1", null, "404 mail_not_found"),
        ($"GET /emails/{NoMail}", null, "404 mail_not_found"),
        ($"GET /emails/{{{NoMail}}}", null, "404 mail_not_found"),
        ("GET /emails/0190b0a0000070008000000000000000", null, "404 mail_not_found"),
        ($"DELETE /emails/{NoMail}", null, "405 method_not_allowed"),
        ("POST /emails/1/cancel", "", "404 mail_not_found"),
        ($"POST /emails/{NoMail}/cancel", "", "404 mail_not_found"),
        ($"GET /emails/{NoMail}/cancel", null, "405 method_not_allowed"),
        ($"GET /emails/{NoMail}/nothing", null, "404 not_found"),
        ("GET /failures/1", null, "404 failure_not_found"),
        ($"GET /failures/{NoMail}", null, "404 failure_not_found"),
        ("POST /failures", "{}", "405 method_not_allowed"),
        ($"POST /failures/{NoMail}/replay", "{}", "404 failure_not_found"),
        ("POST /failures/1/replay", "{}", "404 failure_not_found"),
        ($"POST /failures/{NoMail}/replay", "{", "400 invalid_json"),
        ($"POST /failures/{NoMail}/replay", "[]", "400 invalid_request"),
        ($"POST /failures/{NoMail}/replay", "1", "400 invalid_request"),
        ($"POST /failures/{NoMail}/replay", "{\"reason\":1}", "400 invalid_request"),
        ($"POST /failures/{NoMail}/replay", "{\"reson\":\"r\"}", "400 invalid_request"),
        ($"POST /failures/{NoMail}/replay", "{\"reason\":\"a\",\"reason\":\"b\"}", "400 invalid_request"),
        ($"POST /failures/{NoMail}/replay", "{\"reason\":\"\\ud800\"}", "400 invalid_request"),
        ($"POST /failures/{NoMail}/replay", "{\"reason\":\"a\\u0000b\"}", "400 invalid_request"),
        ($"POST /failures/{NoMail}/replay", "{\"reason\":\"LONGLONG\"}", "400 invalid_request"),
        ($"POST /failures/{NoMail}/replay", "{\"reason\":\"" + new string('a', 20_000) + "\"}", "413 too_large"),
        ($"POST /failures/{NoMail}/discard", "", "400 invalid_request"),
        ($"POST /failures/{NoMail}/discard", "{}", "400 invalid_request"),
        ($"POST /failures/{NoMail}/discard", "{\"reason\":\" \"}", "400 invalid_request"),
        ($"POST /failures/{NoMail}/discard", "null", "400 invalid_request"),
        ($"POST /failures/{NoMail}/discard", "{\"reason\":\"r\"}", "404 failure_not_found"),
        ("GET /failures?status=open", null, "400 invalid_request"),
        ("GET /failures?statu=unresolved", null, "400 invalid_request"),
        ("GET /failures?status=unresolved&status=resolved", null, "400 invalid_request"),
        ("GET /failures?limit=0", null, "400 invalid_request"),
        ("GET /failures?limit=201", null, "400 invalid_request"),
        ("GET /failures?limit=-1", null, "400 invalid_request"),
        ("GET /failures?limit=x", null, "400 invalid_request"),
        ("GET /failures?limit=99999999999", null, "400 invalid_request"),
        ("GET /failures?cursor=x", null, "400 invalid_request"),
        ("GET /failures?cursor=%F0%9F%8E%89", null, "400 invalid_request"),
        ("GET /failures?mail_id=1", null, "400 invalid_request"),
        ("GET /failures?fingerprint=%00", null, "400 invalid_request"),
        ("GET /failures?recipient=a%00b", null, "400 invalid_request"),
        ("GET /failures?since=yesterday", null, "400 invalid_request"),
        ("GET /failures?since=2030-01-31", null, "400 invalid_request"),
        ("GET /failures?since=2030-01-31T00:00:00", null, "400 invalid_request"),
        ("GET /failures?since=2030-01-31T00:00:00+01:00", null, "400 invalid_request"),
        ("GET /failures?until=1893456000", null, "400 invalid_request"),
        ("GET /failures?until=0001-01-01T00:00:00%2B01:00", null, "400 invalid_request"),
        ("GET /nowhere", null, "404 not_found"),
        ("POST /nowhere", "{}", "404 not_found"),
        ("PUT /emails/", "{}", "405 method_not_allowed"),
        ("POST /stats", "", "405 method_not_allowed"),
        ("POST /health/live", "", "405 method_not_allowed"),
    ];

    [TestCaseSource(nameof(Mails))]
    public async Task A_mail_is_refused_with_exactly_what_is_wrong((string Field, string Json, string Errors) line)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["from"] = "\"a@x.org\"",
            ["to"] = "\"b@x.org\"",
            ["subject"] = "\"s\"",
            ["text"] = "\"t\"",
            [line.Field] = Expand(line.Json),
        };
        var json = "{" + string.Join(',', fields.Select(field => $"\"{field.Key}\":{field.Value}")) + "}";

        var problem = await (await _api.PostAsync("/emails", json)).ProblemAsync(422, "validation_failed");
        string.Join(", ", problem.GetProperty("errors").EnumerateArray().Select(error => $"{error.GetProperty("field").GetString()}: {error.GetProperty("code").GetString()}"))
            .ShouldBe(line.Errors);
    }

    [TestCaseSource(nameof(Requests))]
    public async Task A_request_is_refused_with_its_code((string Request, string? Body, string Problem) line)
    {
        var (request, problem) = (line.Request.Split(' ', 2), line.Problem.Split(' '));
        using var message = new HttpRequestMessage(new HttpMethod(request[0]), request[1]);
        if (line.Body is not null)
            message.Content = new StringContent(Expand(line.Body), Encoding.UTF8, "application/json");

        await (await _api.Client.SendAsync(message)).ProblemAsync(int.Parse(problem[0], CultureInfo.InvariantCulture), problem[1]);
    }

    [TestCase("", false)]
    [TestCase("a\u202eb", false)]
    [TestCase("a\u200fb", false)]
    [TestCase("a\u0007b", false)]
    [TestCase("Zoë 日本 🎉", true)]
    public async Task Who_acts_has_a_name_that_can_be_shown(string actor, bool valid)
    {
        var context = await _api.SendAsync(request =>
        {
            (request.Method, request.Path) = (HttpMethods.Post, $"/emails/{NoMail}/cancel");
            request.Headers["X-Actor"] = actor;
        });

        context.Response.StatusCode.ShouldBe(valid ? 404 : 400);
    }

    // LONG is a thousand letters, and [21*x] is x twenty-one times.
    private static string Expand(string json)
    {
        json = json.Replace("LONG", new string('l', 1_000), StringComparison.Ordinal);
        return Repeated().Match(json) is { Success: true, Groups: var parts }
            ? $"{parts["open"]}{string.Join(',', Enumerable.Repeat(parts["item"].Value, int.Parse(parts["count"].Value, CultureInfo.InvariantCulture)))}{parts["close"]}"
            : json;
    }

    [GeneratedRegex(@"\A(?<open>[\[{])(?<count>[0-9]+)\*(?<item>.*)(?<close>[\]}])\z", RegexOptions.ExplicitCapture, 1_000)]
    private static partial Regex Repeated();
}
