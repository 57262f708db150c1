using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Gpu.Autograd.Serialization;

/// <summary>What a file of tensors holds.</summary>
/// <param name="Tensors">The tensors by name, on the CPU.</param>
/// <param name="Metadata">Texts by name; empty where there are none.</param>
public sealed record Checkpoint(IReadOnlyDictionary<string, Tensor> Tensors, IReadOnlyDictionary<string, string> Metadata);

/// <summary>
/// Files in the safetensors format: the length of the header (8 bytes, little-endian), the header (JSON: dtype, shape and place of each
/// tensor, and the metadata), then the elements without gaps.
/// </summary>
public static class Safetensors
{
    /// <summary>Headers are small; a greater length is that of another kind of file.</summary>
    private const long LongestHeader = 100_000_000;
    private const string MetadataName = "__metadata__";

    private static readonly (string Name, DType DType)[] DTypeNames =
    [
        ("F32", DType.Float32), ("F64", DType.Float64), ("I32", DType.Int32), ("I64", DType.Int64), ("BOOL", DType.Bool),
    ];

    /// <summary>Writes tensors, of any device. The file appears, or is replaced, only when it is complete.</summary>
    /// <exception cref="ArgumentException">A name is that of the metadata.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(
        string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        if (tensors.ContainsKey(MetadataName))
        {
            throw new ArgumentException($"Save: no tensor can be called {MetadataName}; that is where the metadata stand.");
        }

        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"{path}: the folder {folder} does not exist.");
        }

        // Large elements first, so that every tensor is aligned; then by name, so that the same tensors give the same bytes.
        var ordered = tensors
            .OrderByDescending(named => named.Value.DType.Size())
            .ThenBy(named => named.Key, StringComparer.Ordinal)
            .ToArray();
        byte[] header = Header(ordered, metadata);
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                Span<byte> length = stackalloc byte[sizeof(ulong)];
                BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
                file.Write(length);
                file.Write(header);
                foreach (var (_, tensor) in ordered)
                {
                    Write(file, tensor);
                }

                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is malformed; the message names the file and what is wrong.</exception>
    public static Checkpoint Load(string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"{path}: there is no such file.", path);
        }

        using var file = File.OpenRead(path);
        var (entries, metadata, start) = SafetensorsHeader.Read(file, path, LongestHeader);
        var tensors = new OrderedDictionary<string, Tensor>();
        foreach (var entry in entries)
        {
            file.Position = start + entry.Begin;
            tensors.Add(entry.Name, Read(file, entry));
        }

        return new(tensors, metadata);
    }

    /// <summary>The format's name of an element type.</summary>
    internal static string NameOf(DType dtype) => Array.Find(DTypeNames, known => known.DType == dtype).Name;

    /// <summary>The element type of a name; null where it is none that a tensor can hold.</summary>
    internal static DType? DTypeOf(string? name) => Array.FindIndex(DTypeNames, known => known.Name == name) is >= 0 and var at
        ? DTypeNames[at].DType
        : null;

    private static byte[] Header(KeyValuePair<string, Tensor>[] tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is not null)
            {
                json.WriteStartObject(MetadataName);
                foreach (var (name, text) in metadata)
                {
                    json.WriteString(name, text);
                }

                json.WriteEndObject();
            }

            long offset = 0;
            foreach (var (name, tensor) in tensors)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", NameOf(tensor.DType));
                json.WriteStartArray("shape");
                foreach (int length in tensor.Shape)
                {
                    json.WriteNumberValue(length);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                offset += (long)tensor.Count * tensor.DType.Size();
                json.WriteNumberValue(offset);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        // Spaces to a multiple of 8, so that the elements are aligned in the file too.
        while (buffer.Length % 8 != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        return buffer.ToArray();
    }

    private static void Write(Stream file, Tensor tensor)
    {
        switch (tensor.DType)
        {
            case DType.Float32:
                file.Write(MemoryMarshal.AsBytes(tensor.ToArray<float>().AsSpan()));
                break;
            case DType.Float64:
                file.Write(MemoryMarshal.AsBytes(tensor.ToArray<double>().AsSpan()));
                break;
            case DType.Int32:
                file.Write(MemoryMarshal.AsBytes(tensor.ToArray<int>().AsSpan()));
                break;
            case DType.Int64:
                file.Write(MemoryMarshal.AsBytes(tensor.ToArray<long>().AsSpan()));
                break;
            default:
                file.Write(MemoryMarshal.AsBytes(tensor.ToArray<bool>().AsSpan()));
                break;
        }
    }

    private static Tensor Read(Stream file, SafetensorsEntry entry)
    {
        return entry.DType switch
        {
            DType.Float32 => Elements<float>(),
            DType.Float64 => Elements<double>(),
            DType.Int32 => Elements<int>(),
            DType.Int64 => Elements<long>(),

            // Any byte but 0 is true, but a bool must be 0 or 1.
            _ => Tensor.From<bool>(Array.ConvertAll(Bytes<byte>(), value => value != 0), entry.Shape),
        };

        Tensor Elements<T>()
            where T : unmanaged => Tensor.From<T>(Bytes<T>(), entry.Shape);

        T[] Bytes<T>()
            where T : unmanaged
        {
            var elements = new T[entry.Shape.Size];
            file.ReadExactly(MemoryMarshal.AsBytes(elements.AsSpan()));
            return elements;
        }
    }
}
