using System.Security.Cryptography.X509Certificates;
using MailSink.Counting;
using MailSink.Mails;
using MailSink.Rules;

namespace MailSink.Smtp;

/// <summary>What all sessions of a server share.</summary>
internal sealed record SmtpServices(
    SinkOptions Options,
    TimeProvider Time,
    MailStore Mails,
    SinkCounters Counters,
    SmtpScript Script,
    AddressRules AddressRules,
    MailLimits Limits,
    X509Certificate2? Certificate);
