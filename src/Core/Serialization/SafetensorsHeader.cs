using System.Buffers.Binary;
using System.Text.Json;

namespace Gpu.Autograd.Serialization;

/// <summary>One tensor of a file: its elements are from Begin to End, counted from the end of the header.</summary>
internal sealed record SafetensorsEntry(string Name, DType DType, Shape Shape, long Begin, long End);

/// <summary>The header of a safetensors file; everything in it is checked before an element is read.</summary>
internal static class SafetensorsHeader
{
    /// <summary>The tensors in the order of the header, the metadata, and where in the file the elements start.</summary>
    /// <exception cref="InvalidDataException">The header, or the file, is malformed.</exception>
    public static (List<SafetensorsEntry> Entries, Dictionary<string, string> Metadata, long Start) Read(
        Stream file, string path, long longest)
    {
        Span<byte> prefix = stackalloc byte[sizeof(ulong)];
        if (file.ReadAtLeast(prefix, prefix.Length, throwOnEndOfStream: false) < prefix.Length)
        {
            throw Malformed(path, $"{file.Length} bytes are too few");
        }

        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > (ulong)Math.Min(longest, file.Length - prefix.Length))
        {
            throw Malformed(path, $"the header of {length} bytes does not fit into the file of {file.Length}");
        }

        var header = new byte[length];
        file.ReadExactly(header);
        try
        {
            using var json = JsonDocument.Parse(header, new JsonDocumentOptions { AllowDuplicateProperties = false });
            var entries = new List<SafetensorsEntry>();
            var metadata = new Dictionary<string, string>();
            foreach (var property in json.RootElement.EnumerateObject())
            {
                if (property.Name != "__metadata__")
                {
                    entries.Add(Entry(property, path));
                    continue;
                }

                foreach (var text in property.Value.EnumerateObject())
                {
                    metadata.Add(text.Name, text.Value.GetString() ?? throw Malformed(path, $"the metadata '{text.Name}' is no text"));
                }
            }

            CheckPlaces(entries, file.Length - prefix.Length - (long)length, path);
            return (entries, metadata, prefix.Length + (long)length);
        }
        catch (JsonException e)
        {
            throw Malformed(path, $"the header is no JSON ({e.Message.TrimEnd('.')})", e);
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw Malformed(path, $"the header does not have the form of safetensors ({e.Message.TrimEnd('.')})", e);
        }
    }

    private static SafetensorsEntry Entry(JsonProperty property, string path)
    {
        string? name = property.Value.GetProperty("dtype").GetString();
        var dtype = Safetensors.DTypeOf(name)
            ?? throw Malformed(path, $"tensor '{property.Name}' has dtype '{name}', which is none of F32, F64, I32, I64, BOOL");
        int[] lengths = [.. property.Value.GetProperty("shape").EnumerateArray().Select(length => length.GetInt32())];
        long[] places = [.. property.Value.GetProperty("data_offsets").EnumerateArray().Select(place => place.GetInt64())];
        Shape shape;
        try
        {
            shape = new Shape(lengths);
        }
        catch (ArgumentException)
        {
            throw Malformed(path, $"tensor '{property.Name}' has the impossible shape {Shape.Text(lengths)}");
        }

        if (places is not [var begin, var end] || begin < 0 || end < begin || end - begin != (long)shape.Size * dtype.Size())
        {
            throw Malformed(
                path,
                $"tensor '{property.Name}', {dtype.Name()} {shape}, takes {(long)shape.Size * dtype.Size()} bytes, " +
                $"not those of [{string.Join(", ", places)}]");
        }

        return new(property.Name, dtype, shape, begin, end);
    }

    /// <summary>The tensors lie one after another without gaps, up to the end of the file.</summary>
    private static void CheckPlaces(List<SafetensorsEntry> entries, long bytes, string path)
    {
        long end = 0;
        foreach (var entry in entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            if (entry.Begin != end)
            {
                string where = entry.Begin < end ? "inside" : "past the end";
                throw Malformed(path, $"tensor '{entry.Name}' begins at byte {entry.Begin}, {where} of what ends at {end}");
            }

            end = entry.End;
        }

        if (end != bytes)
        {
            throw Malformed(path, $"the tensors take {end} bytes, the file has {bytes}");
        }
    }

    private static InvalidDataException Malformed(string path, string fault, Exception? cause = null) =>
        new($"{path}: this is no valid safetensors file: {fault}.", cause);
}
