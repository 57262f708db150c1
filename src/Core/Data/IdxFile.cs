using System.Buffers.Binary;

namespace Gpu.Autograd.Data;

/// <summary>
/// Data sets in the IDX format of MNIST and Fashion-MNIST: one file of images (bytes, [N, height, width]) and one of labels (bytes, [N]);
/// both may be compressed (<c>.gz</c>).
/// </summary>
public static class IdxFile
{
    private const byte UnsignedBytes = 0x08;

    /// <summary>The images with their labels; pixels are from 0 to 255.</summary>
    /// <exception cref="FileNotFoundException">One of the files is missing.</exception>
    /// <exception cref="InvalidDataException">A file is malformed, or the numbers of images and labels differ.</exception>
    public static Dataset Load(string images, string labels)
    {
        var (pixels, imageShape) = Read(images, rank: 3, "images");
        var (classes, labelShape) = Read(labels, rank: 1, "labels");
        if (imageShape[0] != labelShape[0])
        {
            throw new InvalidDataException($"{images} holds {imageShape[0]} images, {labels} holds {labelShape[0]} labels.");
        }

        if (imageShape.Size == 0)
        {
            throw new InvalidDataException($"{images}: the images {imageShape} have no pixels.");
        }

        return new(
            Array.ConvertAll(pixels, pixel => (float)pixel),
            Array.ConvertAll(classes, label => (long)label),
            [imageShape[1], imageShape[2]]);
    }

    private static (byte[] Bytes, Shape Shape) Read(string path, int rank, string content)
    {
        using var stream = DataFile.Open(path);
        Span<byte> header = stackalloc byte[4 + (4 * rank)];
        if (stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length)
        {
            throw new InvalidDataException($"{path}: {stream.Length} bytes are too few for an IDX file of {content}.");
        }

        if (header[..4] is not [0, 0, UnsignedBytes, var axes] || axes != rank)
        {
            throw new InvalidDataException(
                $"{path}: this is no IDX file of {content}: " +
                $"it begins with {Convert.ToHexString(header[..4])}, not {UnsignedBytes:X6}{rank:X2}.");
        }

        long expected = 1;
        var lengths = new int[rank];
        for (int axis = 0; axis < rank; axis++)
        {
            lengths[axis] = BinaryPrimitives.ReadInt32BigEndian(header[(4 + (4 * axis))..]);
            expected = lengths[axis] < 0 ? -1 : Math.Min(expected * lengths[axis], (long)int.MaxValue + 1);
        }

        long left = stream.Length - header.Length;
        if (expected != left)
        {
            throw new InvalidDataException($"{path}: {Shape.Text(lengths)} {content} do not fit the {left} bytes that follow the header.");
        }

        var bytes = new byte[expected];
        stream.ReadExactly(bytes);
        return (bytes, new Shape(lengths));
    }
}
