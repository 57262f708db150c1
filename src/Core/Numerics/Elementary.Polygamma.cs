using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <content>The derivatives of the logarithm of the gamma function.</content>
public static partial class Elementary
{
    /// <summary>
    /// The digamma function ψ(x) = Γ′(x)/Γ(x): −∞ at +0, +∞ at −0 and +∞, NaN at the negative integers and −∞. For positive x, its zero
    /// 1.4616 included, the error is at most 2 ulp (float32) and 2.8 ulp (float64). For negative x, where it has zeros between the poles,
    /// it was 5.4 units in the last place of the greater of |y| and ψ(1 − x), over nine thousand x from −16 to 0.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Digamma<T>(T x)
        where T : IBits<T>
    {
        T a = T.Abs(x);
        T cut = Pick<T>(0.75, 1);
        T y = DigammaBeside(x, T.IfLess(x, T.Zero, a, T.IfLess(x, cut, x, x - T.One)));

        // ψ(x) = ψ(1 + x) − 1/x for a small x, and ψ(1 − x) + π / tan π|x| for a negative one.
        (T sin, T cos) = HalfTurns(a);
        T sum = y + (T.IfLess(x, T.Zero, cos, T.Const(-1)) / T.IfLess(x, T.Zero, sin, x));
        T negative = T.IfLess(T.Zero, T.Abs(sin), sum, T.Const(double.NaN));
        y = T.IfLess(x, T.Zero, negative, T.IfLess(x, cut, sum, y));
        return FiniteOr(x, T.IfLess(T.Zero, a, y, T.CopySign(T.Const(double.PositiveInfinity), -x)));
    }

    /// <summary>
    /// The derivative ψ⁽ⁿ⁾(x) of the digamma function, n ≥ 1: +∞ (n odd) or −∞ (n even) at 0 and at the negative integers, 0 at +∞. For
    /// n ≤ 3 and positive x the error is at most 12 ulp (float32) and 9 ulp (float64); over nine thousand x from −16 to 0 it was 5.4 units
    /// in the last place of the greatest of |y|, ψ⁽ⁿ⁾(1 − x) and n!·2ⁿ⁺¹.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Polygamma<T>(int n, T x)
        where T : IBits<T>
    {
        // (−1)ⁿ⁺¹ψ⁽ⁿ⁾(x) = n!·ζ(n + 1, x), the sum of n!/(x + k)ⁿ⁺¹ over k ≥ 0. For a negative x it is that over all k, which depends on the
        // distance r to an integer only, less that over k < 0, which is a sum for 1 − x.
        T a = T.Abs(x);
        T beside = Zeta(n, T.IfLess(x, T.Zero, T.One + a, a));
        T r = Round(a) - a;
        r = T.IfLess(T.Zero, T.Abs(r), r, T.Zero);
        T pole = InversePower(n, r);
        T above = Zeta(n, T.One + r);
        T below = Zeta(n, T.One - r);
        T sign = (n & 1) == 0 ? T.Const(-1) : T.One;
        T y = T.IfLess(x, T.Zero, T.MulAdd(sign, pole + above, below - beside), sign * beside);
        return T.IfLess(a, T.Const(double.PositiveInfinity), y, T.IfLess(x, T.Zero, sign * a, sign * beside));
    }

    // ψ(1 + u) for u ≥ 0, where x = −u or x = 1 + u; also where x = u.
    private static T DigammaBeside<T>(T x, T u)
        where T : IBits<T>
    {
        // The asymptotic series in z = u + ½, where it has no odd powers.
        T half = T.Const(0.5);
        T start = Pick<T>(1, 1.5);
        T z = T.IfLess(start, u, T.IfLess(x, T.Zero, half + u, x - half), T.One);
        T i = T.One / z;
        T k = i * i;
        T e = T.Exponent(z);
        T f = T.Mantissa(z) - T.One;
        T far = T.MulAdd(e, Ln2High<T>(), f + LogRest(f, T.MulAdd(e, Ln2Low<T>(), k * DigammaSeries(k))));

        // About the zero: (u − zero)·(c + tail), with what the rounding of the difference has lost.
        T zero = Pick<T>(0.4616321325302124, 0.46163214496836236);
        T t = u - zero;
        T lost = (u - t) - zero - Pick<T>(1.243815006546356e-08, -1.5522348162858677e-17);
        T c = Pick<T>(1, 0.953125);
        T tail = DigammaTail(u);
        T near = T.MulAdd(t, c, T.MulAdd(t, tail, lost * (c + tail)));
        return T.IfLess(start, u, far, near);
    }

    // (sin πr / π, cos πr) for the distance r of a from the nearest integer.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (T Sin, T Cos) HalfTurns<T>(T a)
        where T : IBits<T>
    {
        T r = a - Round(a);
        T quarter = T.Const(0.25);
        T w = T.Abs(r);
        T near = T.IfLess(quarter, w, T.Const(0.5) - w, w);
        T z = near * near;
        T sin = T.MulAdd(near * z, SinPiTail(z), near);
        T cos = T.MulAdd(z, CosPiTail(z), T.One);
        return (T.CopySign(T.IfLess(quarter, w, cos * T.Const(0.3183098861837907), sin), r),
            T.IfLess(quarter, w, sin * T.Const(3.141592653589793), cos));
    }

    // n!·ζ(n + 1, y) = n!/yⁿ⁺¹ + n!/(y + 1)ⁿ⁺¹ + … for y ≥ 0: some terms, and Euler's and Maclaurin's series in z from half a step before
    // the next one.
    private static T Zeta<T>(int n, T y)
        where T : IBits<T>
    {
        int terms = n + 10;
        T order = T.Zero;
        for (int k = 0; k < n; k++)
        {
            order += T.One;
        }

        T i = T.One / (y + order + T.Const(9.5));
        T w = i * i;
        T c = order * (order + T.One) * w;
        T s = c * T.Const(-0.041666666666666664);
        c *= (order + T.Const(2)) * (order + T.Const(3)) * w * T.Const(0.16666666666666666);
        s = T.MulAdd(c, T.Const(0.007291666666666667), s);
        c *= (order + T.Const(4)) * (order + T.Const(5)) * w * T.Const(0.05);
        s = T.MulAdd(c, T.Const(-0.003844246031746032), s);
        c *= (order + T.Const(6)) * (order + T.Const(7)) * w * T.Const(0.023809523809523808);
        s = T.MulAdd(c, T.Const(0.004134114583333333), s);
        c *= (order + T.Const(8)) * (order + T.Const(9)) * w * T.Const(0.013888888888888888);
        s = T.MulAdd(c, T.Const(-0.007560961174242424), s);
        c *= (order + T.Const(10)) * (order + T.Const(11)) * w * T.Const(0.0090909090909090905);
        s = T.MulAdd(c, T.Const(0.021082496875953907), s);
        c *= (order + T.Const(12)) * (order + T.Const(13)) * w * T.Const(0.00641025641025641);
        s = T.MulAdd(c, T.Const(-0.08332316080729167), s);

        // (n − 1)!/zⁿ·(1 + s), and the terms from the last to the first.
        T head = i;
        T factor = T.One;
        for (int k = 1; k < n; k++)
        {
            head *= factor * i;
            factor += T.One;
        }

        T sum = T.MulAdd(head, s, head);
        T step = order + T.Const(9);
        for (int k = 0; k < terms; k++)
        {
            sum += InversePower(n, y + step);
            step -= T.One;
        }

        return sum;
    }

    // n!/yⁿ⁺¹, without n!, which overflows sooner.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T InversePower<T>(int n, T y)
        where T : IBits<T>
    {
        T i = T.One / y;
        T power = i;
        T factor = T.One;
        for (int k = 0; k < n; k++)
        {
            power *= factor * i;
            factor += T.One;
        }

        return power;
    }

    // ψ(1 + u) / (u − zero) − c for u in [−¼, 1] (float32, c = 1) or [0, 1½] (float64, c = 0.953125).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T DigammaTail<T>(T u)
        where T : IBits<T>
    {
        if (T.IsDouble)
        {
            T p = T.Const(-9.803465448908847e-05);
            p = T.MulAdd(p, u, T.Const(-0.004769396055354533));
            p = T.MulAdd(p, u, T.Const(-0.06338281551568879));
            p = T.MulAdd(p, u, T.Const(-0.31944481305180183));
            p = T.MulAdd(p, u, T.Const(-0.6100960781080397));
            p = T.MulAdd(p, u, T.Const(-0.21198637915371882));
            p = T.MulAdd(p, u, T.Const(0.2972551375034053));

            T q = T.Const(0.00010377232969374496);
            q = T.MulAdd(q, u, T.Const(0.005535922301322456));
            q = T.MulAdd(q, u, T.Const(0.08574448941694736));
            q = T.MulAdd(q, u, T.Const(0.5511193748765835));
            q = T.MulAdd(q, u, T.Const(1.6329462354635018));
            q = T.MulAdd(q, u, T.Const(2.1621391873864675));
            q = T.MulAdd(q, u, T.Const(1.0));
            return p / q;
        }

        T m = u - T.Const(0.25);
        T s = T.Const(-0.04555990546941757);
        s = T.MulAdd(s, m, T.Const(-0.34654316306114197));
        s = T.MulAdd(s, m, T.Const(-0.4779171645641327));
        s = T.MulAdd(s, m, T.Const(0.07475890964269638));

        T t = T.Const(0.047576550394296646);
        t = T.MulAdd(t, m, T.Const(0.503067672252655));
        t = T.MulAdd(t, m, T.Const(1.3543448448181152));
        t = T.MulAdd(t, m, T.Const(1.0));
        return s / t;
    }

    // (ψ(z + ½) − log z)·z² with k = z⁻², for z from 1½ (float32) or 2 (float64) on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T DigammaSeries<T>(T k)
        where T : IBits<T>
    {
        if (T.IsDouble)
        {
            T p = T.Const(0.02930851539640025);
            p = T.MulAdd(p, k, T.Const(0.8068149743218939));
            p = T.MulAdd(p, k, T.Const(2.3328022379248488));
            p = T.MulAdd(p, k, T.Const(1.8953220571448286));
            p = T.MulAdd(p, k, T.Const(0.5191272364514399));
            p = T.MulAdd(p, k, T.Const(0.041666666666646535));

            T q = T.Const(2.547895176287621);
            q = T.MulAdd(q, k, T.Const(27.11251158054115));
            q = T.MulAdd(q, k, T.Const(63.25195404406603));
            q = T.MulAdd(q, k, T.Const(47.60642688040332));
            q = T.MulAdd(q, k, T.Const(12.63405367466239));
            q = T.MulAdd(q, k, T.Const(1.0));
            return p / q;
        }

        T s = T.Const(-0.0012390874326229095);
        s = T.MulAdd(s, k, T.Const(0.0027121356688439846));
        s = T.MulAdd(s, k, T.Const(-0.0032272401731461287));
        s = T.MulAdd(s, k, T.Const(0.003740012878552079));
        s = T.MulAdd(s, k, T.Const(-0.007285649888217449));
        return T.MulAdd(s, k, T.Const(0.04166654497385025));
    }

    // (sin πr / π − r) / r³ with z = r², for |r| ≤ ¼.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T SinPiTail<T>(T z)
        where T : IBits<T>
    {
        if (T.IsDouble)
        {
            T p = T.Const(0.00014692155315666064);
            p = T.MulAdd(p, z, T.Const(-0.0023459532079833623));
            p = T.MulAdd(p, z, T.Const(0.026147842476059262));
            p = T.MulAdd(p, z, T.Const(-0.19075182400907092));
            p = T.MulAdd(p, z, T.Const(0.8117424252822525));
            return T.MulAdd(p, z, T.Const(-1.6449340668482229));
        }

        T q = T.Const(-0.18761281669139862);
        q = T.MulAdd(q, z, T.Const(0.8116278648376465));
        return T.MulAdd(q, z, T.Const(-1.6449328660964966));
    }

    // (cos πr − 1) / r² with z = r², for |r| ≤ ¼.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T CosPiTail<T>(T z)
        where T : IBits<T>
    {
        if (T.IsDouble)
        {
            T p = T.Const(-0.00010356487587623761);
            p = T.MulAdd(p, z, T.Const(0.0019294653758102165));
            p = T.MulAdd(p, z, T.Const(-0.025806885643960865));
            p = T.MulAdd(p, z, T.Const(0.23533063019185851));
            p = T.MulAdd(p, z, T.Const(-1.3352627688519838));
            p = T.MulAdd(p, z, T.Const(4.058712126416749));
            return T.MulAdd(p, z, T.Const(-4.934802200544679));
        }

        T q = T.Const(0.23135781288146973);
        q = T.MulAdd(q, z, T.Const(-1.3350498676300049));
        q = T.MulAdd(q, z, T.Const(4.0587077140808105));
        return T.MulAdd(q, z, T.Const(-4.934802055358887));
    }
}
