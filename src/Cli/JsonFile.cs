using System.Text.Encodings.Web;
using System.Text.Json;

namespace Gpu.Autograd.Cli;

/// <summary>Results for other programs.</summary>
internal static class JsonFile
{
    /// <summary>Writes one object to a file.</summary>
    public static void Write(string path, Action<Utf8JsonWriter> members) => WriteValue(path, writer =>
    {
        writer.WriteStartObject();
        members(writer);
        writer.WriteEndObject();
    });

    /// <summary>Writes one value of any kind to a file.</summary>
    public static void WriteValue(string path, Action<Utf8JsonWriter> value)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            value(writer);
        }

        buffer.WriteByte((byte)'\n');
        OutputFile.Write(path, buffer.ToArray());
    }

    /// <summary>A number, or null.</summary>
    public static void Number(Utf8JsonWriter writer, string name, double? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
        else
        {
            writer.WriteNull(name);
        }
    }
}
