namespace Gpu.Autograd.Data;

/// <summary>
/// 1,797 handwritten digits of 8×8 pixels from 0 to 16, in the library itself. The test half of "Optical Recognition of Handwritten
/// Digits" (E. Alpaydin and C. Kaynak, 1998), UCI Machine Learning Repository, CC BY 4.0.
/// </summary>
public static class Digits
{
    private const string Resource = "digits.csv.gz";

    /// <summary>The digits: features [1797, 64], labels 0 to 9.</summary>
    public static Dataset Load()
    {
        var packed = typeof(Digits).Assembly.GetManifestResourceStream(Resource)!;
        using var stream = DataFile.Unpacked(packed, Resource);
        var flat = CsvFile.Read(stream, Resource);
        return new(flat.Features.ToArray<float>(), flat.Labels.ToArray<long>(), [8, 8], classes: 10);
    }
}
