using System.Buffers.Binary;
using System.IO.Compression;

namespace Gpu.Autograd.Data;

/// <summary>Files of data, compressed or not: what the readers have in common.</summary>
internal static class DataFile
{
    /// <summary>The bytes of a file; those of a gzip file (told by its first two bytes) unpacked.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The compressed data are damaged.</exception>
    public static Stream Open(string path)
    {
        if (!File.Exists(path))
        {
            throw Directory.Exists(path)
                ? new FileNotFoundException($"{path}: this is a folder, not a file.", path)
                : new FileNotFoundException($"{path}: there is no such file.", path);
        }

        return Unpacked(File.OpenRead(path), path);
    }

    /// <summary>The stream's bytes, unpacked where they are gzip's.</summary>
    public static Stream Unpacked(Stream source, string name)
    {
        using (source)
        {
            var bytes = new MemoryStream();
            source.CopyTo(bytes);
            bytes.Position = 0;
            if (bytes.Length < 2 || bytes.ReadByte() != 0x1F || bytes.ReadByte() != 0x8B)
            {
                bytes.Position = 0;
                return bytes;
            }

            bytes.Position = 0;
            var unpacked = new MemoryStream();
            try
            {
                using var gzip = new GZipStream(bytes, CompressionMode.Decompress, leaveOpen: true);
                gzip.CopyTo(unpacked);
            }
            catch (InvalidDataException e)
            {
                throw new InvalidDataException($"{name}: the compressed data are damaged ({e.Message})", e);
            }

            RequireEnd(bytes.GetBuffer().AsSpan(0, (int)bytes.Length), unpacked.GetBuffer().AsSpan(0, (int)unpacked.Length), name);
            unpacked.Position = 0;
            return unpacked;
        }
    }

    /// <summary>
    /// .NET takes a stream that breaks off for one that ends. The last eight bytes are the CRC-32 and the length of what the file's last
    /// member unpacks to: mostly the only one, but files may be several, one after another.
    /// </summary>
    private static void RequireEnd(ReadOnlySpan<byte> packed, ReadOnlySpan<byte> unpacked, string name)
    {
        const int Header = 10;
        const int Trailer = 8;
        if (packed.Length >= Header + Trailer)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(packed[^4..]);
            if (length == unpacked.Length
                || (length < unpacked.Length && Crc32(unpacked[^(int)length..]) == BinaryPrimitives.ReadUInt32LittleEndian(packed[^8..])))
            {
                return;
            }
        }

        throw new InvalidDataException($"{name}: the compressed data are damaged (the end is missing).");
    }

    private static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        uint remainder = ~0u;
        foreach (byte b in bytes)
        {
            remainder ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                remainder = (remainder >> 1) ^ (0xEDB88320 & (0 - (remainder & 1)));
            }
        }

        return ~remainder;
    }
}
