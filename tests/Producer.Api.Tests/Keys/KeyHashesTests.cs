using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Producer.Api.Security;

namespace Producer.Api.Tests.Keys;

public class KeyHashesTests
{
    private readonly Dictionary<object, object?> _connection = [];

    [Test]
    public void The_keys_of_one_connection_have_each_their_hash_in_whatever_order()
    {
        foreach (var key in new[] { "one", "one", "two", "one", "ones", "", "two", "schlüssel" })
            Hash(key).ShouldBe(SHA256.HashData(Encoding.UTF8.GetBytes(key)), key);
        _connection.Count.ShouldBe(1);
    }

    [Test]
    public void Requests_that_share_a_connection_at_once_leave_nothing_there()
    {
        Hash("one", HttpProtocol.Http2).ShouldBe(SHA256.HashData("one"u8));
        _connection.ShouldBeEmpty();
    }

    private byte[] Hash(string key, string? protocol = null)
    {
        var context = new DefaultHttpContext { Request = { Protocol = protocol ?? HttpProtocol.Http11 } };
        context.Features.Set<IConnectionItemsFeature>(new Connection(_connection));
        var hash = new byte[SHA256.HashSizeInBytes];
        KeyHashes.Write(context.Request, key, hash);
        return hash;
    }

    private sealed class Connection(Dictionary<object, object?> items) : IConnectionItemsFeature
    {
        public IDictionary<object, object?> Items { get; set; } = items;
    }
}
