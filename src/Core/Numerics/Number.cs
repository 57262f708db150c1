using System.Globalization;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd;

/// <summary>
/// A number among the fields of an op, <c>struct LeakyRelu(Number s)</c>: a double for whoever makes the op, and what
/// <see cref="IReal{T}.Param"/> reads as any carrier. It is held so that float32 and integers are read without float64, which not every
/// device has.
/// </summary>
/// <remarks>There is no arithmetic on it: a formula computes with what is read, <c>T.Const(2) * T.Param(s)</c>.</remarks>
public readonly struct Number
{
    private readonly long bits;
    private readonly float single;
    private readonly int whole;

    private Number(long bits, float single, int whole)
    {
        this.bits = bits;
        this.single = single;
        this.whole = whole;
    }

    /// <summary>The number, to the last bit.</summary>
    public double Float64
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => BitConverter.Int64BitsToDouble(bits);
    }

    /// <summary>The nearest float32.</summary>
    public float Float32
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => single;
    }

    /// <summary>The number without its fraction; beyond the range the greatest or the least, and 0 for NaN.</summary>
    public int Int32
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => whole;
    }

    /// <summary>The number without its fraction; beyond the range the greatest or the least, and 0 for NaN.</summary>
    public long Int64
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => whole is > int.MinValue and < int.MaxValue ? whole : FarWhole();
    }

    /// <summary>The number that a double is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static implicit operator Number(double number) => new(
        BitConverter.DoubleToInt64Bits(number),
        (float)number,
        number >= int.MaxValue ? int.MaxValue : number <= int.MinValue ? int.MinValue : double.IsNaN(number) ? 0 : (int)number);

    /// <inheritdoc/>
    public override string ToString() => Float64.ToString(CultureInfo.InvariantCulture);

    // What is beyond int32 (its exponent is 1053 at least), from the bits: ±1.mantissa·2^(exponent − 1023).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long FarWhole()
    {
        int exponent = (int)(bits >> 52) & 0x7FF;
        long sign = bits >> 63;
        long magnitude = (long)(((ulong)bits << 11 | 1UL << 63) >> (1086 - exponent));
        return exponent > 1085 ? long.MaxValue ^ sign : (magnitude ^ sign) - sign;
    }
}
