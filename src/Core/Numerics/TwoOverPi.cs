using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <summary>
/// Products with 2/π of numbers so large that only its far digits count (Payne's and Hanek's method): a window of the binary digits of 2/π,
/// from the place on where the product is below 4, times the mantissa as an integer.
/// </summary>
/// <remarks>
/// No table, which a GPU would keep in slow memory: the digits are picked by selects. No 32-bit products either, which some compilers of
/// kernels take for signed: all integers have 64 bits, and factors that are to give a whole product have 32 of them.
/// </remarks>
internal static class TwoOverPi
{
    private const ulong Low32 = 0xFFFFFFFF;

    /// <summary>
    /// |x|·2/π modulo 4 to 2⁻⁶¹, for |x| from 10⁵ on: an integer from 0 to 3 and a fraction from −½ to ½, its first part of 23 bits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (float Quarters, float High, float Low) Times(float x)
    {
        int bits = BitConverter.SingleToInt32Bits(x) & int.MaxValue;
        ulong mantissa = (ulong)((bits & 0x7FFFFF) | 0x800000);

        // The first digit wanted is the one that is worth 2 after the scaling by 2ᵉ; before those of 2/π come 32 zeros.
        int place = (bits >> 23) - 120;
        int shift = place & 63;
        bool first = place < 64;
        bool second = place < 128;
        ulong a = first ? 0xA2F9836EUL : second ? 0x4E441529FC2757D1UL : 0xF534DDC0DB629599UL;
        ulong b = first ? 0x4E441529FC2757D1UL : second ? 0xF534DDC0DB629599UL : 0x3C439041FE5163ABUL;
        ulong c = first ? 0xF534DDC0DB629599UL : second ? 0x3C439041FE5163ABUL : 0xDEBBC561B7246E3AUL;
        ulong product = (mantissa * Window(a, b, shift)) + ((mantissa * (Window(b, c, shift) >> 32)) >> 32);

        // In units of 2⁻⁶⁴ quarters; a number and its complement are as good as each other's opposites.
        long fraction = (long)(product << 2);
        long sign = fraction >> 63;
        fraction ^= sign;
        const long Rest = (1L << 40) - 1;
        float unit = sign < 0 ? -5.421010862427522e-20f : 5.421010862427522e-20f;
        return ((long)((product + (1UL << 61)) >> 62), (float)(fraction & ~Rest) * unit, (float)(fraction & Rest) * unit);
    }

    /// <summary>
    /// |x|·2/π modulo 4 to 2⁻¹²⁸, for |x| from 10⁹ on: an integer from 0 to 3 and a fraction from −½ to ½, its first part of 52 bits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (double Quarters, double High, double Low) Times(double x)
    {
        long bits = BitConverter.DoubleToInt64Bits(x) & long.MaxValue;
        ulong mantissa = (ulong)((bits & 0xFFFFFFFFFFFFF) | 0x10000000000000);
        int place = (int)(bits >> 52) - 1045;
        int shift = place & 63;

        // Four of nineteen words from a place on, by halving.
        bool half = (place & 512) != 0;
        ulong w0 = half ? 0x2EBB4484E99C7026UL : 0xA2F9836EUL;
        ulong w1 = half ? 0xB45F7E413991D639UL : 0x4E441529FC2757D1UL;
        ulong w2 = half ? 0x835339F49C845F8BUL : 0xF534DDC0DB629599UL;
        ulong w3 = half ? 0xBDF9283B1FF897FFUL : 0x3C439041FE5163ABUL;
        ulong w4 = half ? 0xDE05980FEF2F118BUL : 0xDEBBC561B7246E3AUL;
        ulong w5 = half ? 0x5A0A6D1F6D367ECFUL : 0x424DD2E006492EEAUL;
        ulong w6 = half ? 0x27CB09B74F463F66UL : 0x09D1921CFE1DEB1CUL;
        ulong w7 = half ? 0x9E5FEA2D7527BAC7UL : 0xB129A73EE88235F5UL;
        ulong w8 = half ? 0xEBE5F17B3D0739F7UL : 0x2EBB4484E99C7026UL;
        ulong w9 = half ? 0x8A5292EA6BFB5FB1UL : 0xB45F7E413991D639UL;
        ulong w10 = half ? 0x1F8D5D0856033046UL : 0x835339F49C845F8BUL;
        half = (place & 256) != 0;
        w0 = half ? w4 : w0;
        w1 = half ? w5 : w1;
        w2 = half ? w6 : w2;
        w3 = half ? w7 : w3;
        w4 = half ? w8 : w4;
        w5 = half ? w9 : w5;
        w6 = half ? w10 : w6;
        half = (place & 128) != 0;
        w0 = half ? w2 : w0;
        w1 = half ? w3 : w1;
        w2 = half ? w4 : w2;
        w3 = half ? w5 : w3;
        w4 = half ? w6 : w4;
        half = (place & 64) != 0;
        w0 = half ? w1 : w0;
        w1 = half ? w2 : w1;
        w2 = half ? w3 : w2;
        w3 = half ? w4 : w3;

        ulong a = Window(w0, w1, shift);
        ulong b = Window(w1, w2, shift);
        ulong product = mantissa * b;
        ulong rest = HighProduct(mantissa, Window(w2, w3, shift));
        ulong low = product + rest;
        ulong carry = ((product & rest) | ((product | rest) & ~low)) >> 63;
        ulong high = (mantissa * a) + HighProduct(mantissa, b) + carry;

        // In units of 2⁻⁶⁴ quarters, the lower part in units of 2⁻⁵³ of these.
        long fraction = (long)((high << 2) | (low >> 62));
        long sign = fraction >> 63;
        fraction ^= sign;
        long fine = ((long)(low << 2) ^ sign) >>> 11;
        double unit = sign < 0 ? -5.421010862427522e-20 : 5.421010862427522e-20;
        double lower = (double)(fraction & 0x7FF) + ((double)fine * 1.1102230246251565e-16);
        return ((long)((high + (1UL << 61)) >> 62), (double)(fraction & ~0x7FFL) * unit, lower * unit);
    }

    /// <summary>Element by element; those that are not so large give anything.</summary>
    public static (L Quarters, L High, L Low) TimesEach<L, E>(L x)
        where L : struct, ILane<L, E>
        where E : unmanaged
    {
        Span<E> results = stackalloc E[3 * L.Count];
        for (int i = 0; i < L.Count; i++)
        {
            E element = x[i];
            if (L.IsDouble)
            {
                (double quarters, double high, double low) = Times(Unsafe.BitCast<E, double>(element));
                results[i] = Unsafe.BitCast<double, E>(quarters);
                results[L.Count + i] = Unsafe.BitCast<double, E>(high);
                results[(2 * L.Count) + i] = Unsafe.BitCast<double, E>(low);
            }
            else
            {
                (float quarters, float high, float low) = Times(Unsafe.BitCast<E, float>(element));
                results[i] = Unsafe.BitCast<float, E>(quarters);
                results[L.Count + i] = Unsafe.BitCast<float, E>(high);
                results[(2 * L.Count) + i] = Unsafe.BitCast<float, E>(low);
            }
        }

        return (L.Load(in results[0]), L.Load(in results[L.Count]), L.Load(in results[2 * L.Count]));
    }

    // 64 digits from a place in the first of two words on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Window(ulong a, ulong b, int shift) => (a << shift) | ((b >> 1) >> (63 - shift));

    // The upper 64 bits of a·b.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong HighProduct(ulong a, ulong b)
    {
        ulong a1 = a >> 32;
        ulong b1 = b >> 32;
        a &= Low32;
        b &= Low32;
        ulong left = a1 * b;
        ulong right = a * b1;
        ulong middle = ((a * b) >> 32) + (left & Low32) + (right & Low32);
        return (a1 * b1) + (left >> 32) + (right >> 32) + (middle >> 32);
    }
}
