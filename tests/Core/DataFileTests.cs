using System.IO.Compression;
using System.Text;
using Gpu.Autograd.Data;

namespace Gpu.Autograd.Core.Tests;

/// <summary>Files of data: what is read, and what is said of a file that cannot be.</summary>
public sealed class DataFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("1,2.5,0\n-3,4e1,2\n")]
    [InlineData("a,b,label\n1,2.5,0\n-3,4e1,2")]
    [InlineData("\"a\",\"b\",\"label\"\r\n\r\n \"1\" , 2.5 ,\"0\"\r\n-3,4e1,2.0\r\n\r\n")]
    public void CsvIsRowsWithTheLabelLast(string text)
    {
        var data = CsvFile.Load(Write("a.csv", text));

        Assert.Equal([2, 2], data.Features.Shape);
        Assert.Equal([1f, 2.5f, -3f, 40f], data.Features.ToArray<float>());
        Assert.Equal([0L, 2L], data.Labels.ToArray<long>());
        Assert.Equal(3, data.Classes);
        Assert.Equal([2], data.SampleShape);
        Assert.Equal(40, data.MaxAbs);
    }

    [Fact]
    public void CompressionIsToldByTheContent()
    {
        string path = Path.Combine(folder, "a.csv");
        using (var gzip = new GZipStream(File.Create(path), CompressionMode.Compress))
        {
            gzip.Write("1,0\n2,1\n"u8);
        }

        Assert.Equal([1f, 2f], CsvFile.Load(path).Features.ToArray<float>());

        byte[] damaged = File.ReadAllBytes(path);
        damaged[2] = 99;
        File.WriteAllBytes(path, damaged);
        Assert.StartsWith($"{path}: the compressed data are damaged", Assert.Throws<InvalidDataException>(() => CsvFile.Load(path)).Message);
    }

    [Fact]
    public void CompressedDataThatBreakOffAreRefused()
    {
        byte[] whole = Gzip("1,0\n2,1\n"u8);
        string path = Path.Combine(folder, "a.csv.gz");
        for (int length = 2; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.StartsWith($"{path}: the compressed data are damaged", Assert.Throws<InvalidDataException>(() => CsvFile.Load(path)).Message);
        }

        // Members one after another are one file; the last one's end is missing here too.
        byte[] two = [.. whole, .. Gzip("3,0\n4,1\n5,0\n"u8)];
        File.WriteAllBytes(path, two);
        Assert.Equal([1f, 2f, 3f, 4f, 5f], CsvFile.Load(path).Features.ToArray<float>());
        File.WriteAllBytes(path, two[..^3]);
        Assert.EndsWith("(the end is missing).", Assert.Throws<InvalidDataException>(() => CsvFile.Load(path)).Message);
    }

    [Fact]
    public void AFileThatIsNoTextIsSaidToBeNone()
    {
        string path = Write("a.csv.gz", [0x50, 0x4B, 3, 4, 0, 0, 8, 0]);
        Assert.StartsWith($"{path}: line 1 is no text", Assert.Throws<InvalidDataException>(() => CsvFile.Load(path)).Message);
    }

    [Fact]
    public void FeaturesAloneHaveNoLabel()
    {
        var x = CsvFile.LoadFeatures(Write("a.csv", "x,y\n1,2\n3,4.5\n"));

        Assert.Equal([2, 2], x.Shape);
        Assert.Equal([1f, 2f, 3f, 4.5f], x.ToArray<float>());
        Assert.Equal([1, 1], CsvFile.LoadFeatures(Write("b.csv", "7")).Shape);
    }

    [Theory]
    [InlineData("1,2,0\n1,abc,0\n", "line 2, column 2: 'abc' is not a number.")]
    [InlineData("1,x,0\n1,2,0\n", "line 1, column 2: 'x' is not a number.")]
    [InlineData("1,2,0\n\n1,,0\n", "line 3, column 2: '' is empty; a number is needed.")]
    [InlineData("1,2,0\n1,NaN,0\n", "line 2, column 2: 'NaN' is not a finite float32 number.")]
    [InlineData("1,2,0\n-Infinity,1,0\n", "line 2, column 1: '-Infinity' is not a finite float32 number.")]
    [InlineData("1e39,2,0\n", "line 1, column 1: '1e39' is not a finite float32 number.")]
    [InlineData("1,2,0\n1,2\n", "line 2 has 2 columns, line 1 has 3.")]
    [InlineData("a,b,c\n1,2,0\n1,2,0,4\n", "line 3 has 4 columns, line 2 has 3.")]
    [InlineData("1\n", "line 1 has 1 column; at least one feature and the label are needed.")]
    [InlineData("", "the file has no rows.")]
    [InlineData("a,b\n\n", "the file has no rows.")]
    [InlineData("1,2,cat\n", "line 1, column 3: 'cat' is not a label, a whole number from 0 on.")]
    [InlineData("1,2,-1\n", "line 1, column 3: '-1' is not a label, a whole number from 0 on.")]
    [InlineData("1,2,0.5\n", "line 1, column 3: '0.5' is not a label, a whole number from 0 on.")]
    [InlineData("1,2,NaN\n", "line 1, column 3: 'NaN' is not a label, a whole number from 0 on.")]
    [InlineData("1,2,65536\n", "line 1, column 3: '65536' is too great for a label; 65535 is the greatest.")]
    public void AMalformedCsvIsNamedByFileLineColumnAndText(string text, string message)
    {
        string path = Write("bad.csv", text);

        Assert.Equal($"{path}: {message}", Assert.Throws<InvalidDataException>(() => CsvFile.Load(path)).Message);
    }

    [Fact]
    public void NumbersAreReadTheSameEverywhere()
    {
        var before = Thread.CurrentThread.CurrentCulture;
        Thread.CurrentThread.CurrentCulture = new System.Globalization.CultureInfo("de-DE");
        try
        {
            Assert.Equal([1.5f], CsvFile.Load(Write("a.csv", "1.5,0")).Features.ToArray<float>());
        }
        finally
        {
            Thread.CurrentThread.CurrentCulture = before;
        }
    }

    [Fact]
    public void AMissingFileIsNamed()
    {
        string path = Path.Combine(folder, "none.csv");

        Assert.Equal($"{path}: there is no such file.", Assert.Throws<FileNotFoundException>(() => CsvFile.Load(path)).Message);
        Assert.Equal($"{folder}: this is a folder, not a file.", Assert.Throws<FileNotFoundException>(() => CsvFile.Load(folder)).Message);
    }

    [Fact]
    public void IdxIsImagesAndLabels()
    {
        string images = Write("images", [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255]);
        string labels = Write("labels", [0, 0, 8, 1, 0, 0, 0, 2, 9, 4]);

        var data = IdxFile.Load(images, labels);

        Assert.Equal([2, 3], data.SampleShape);
        Assert.Equal([1f, 2f, 3f, 4f, 5f, 6f, 250f, 251f, 252f, 253f, 254f, 255f], data.Features.ToArray<float>());
        Assert.Equal([9L, 4L], data.Labels.ToArray<long>());
        Assert.Equal(10, data.Classes);
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 8, 1, 0, 0, 0, 3, 1, 2 }, "[3] labels do not fit the 2 bytes that follow the header.")]
    [InlineData(new byte[] { 0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3 }, "images holds 2 images, {0} holds 3 labels.")]
    [InlineData(new byte[] { 0, 0, 8, 1, 255, 255, 255, 255 }, "[-1] labels do not fit the 0 bytes that follow the header.")]
    [InlineData(new byte[] { 0, 0, 13, 1, 0, 0, 0, 0 }, "this is no IDX file of labels: it begins with 00000D01, not 00000801.")]
    [InlineData(new byte[] { 0, 0, 8, 3, 0, 0, 0, 0 }, "this is no IDX file of labels: it begins with 00000803, not 00000801.")]
    [InlineData(new byte[] { 0, 0, 8 }, "3 bytes are too few for an IDX file of labels.")]
    public void AMalformedIdxIsNamed(byte[] labels, string message)
    {
        string images = Write("images", [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2]);
        string path = Write("labels", labels);

        Assert.EndsWith(string.Format(message, path), Assert.Throws<InvalidDataException>(() => IdxFile.Load(images, path)).Message);
    }

    private static byte[] Gzip(ReadOnlySpan<byte> bytes)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionMode.Compress))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    private string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    private string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
