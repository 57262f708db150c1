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
                using var gzip = new GZipStream(bytes, CompressionMode.Decompress);
                gzip.CopyTo(unpacked);
            }
            catch (InvalidDataException e)
            {
                throw new InvalidDataException($"{name}: the compressed data are damaged ({e.Message})", e);
            }

            unpacked.Position = 0;
            return unpacked;
        }
    }
}
