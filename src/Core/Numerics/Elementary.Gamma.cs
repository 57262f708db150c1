using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <content>The logarithm of the gamma function.</content>
public static partial class Elementary
{
    /// <summary>
    /// log |Γ(x)|: 0 at 1 and 2, +∞ at 0, at the negative integers and at ±∞. For positive x the error is at most 2 ulp (float32) and 3.8
    /// ulp (float64). For negative x, where it has zeros between the poles, it is at most 5 units in the last place of the greater of
    /// |y| and log Γ(1 − x).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Lgamma<T>(T x)
        where T : IBits<T>
    {
        T a = T.Abs(x);
        T y = LgammaBeside(x, u: T.IfLess(x, T.Zero, a, T.IfLess(x, LgammaLow<T>(), x, x - T.One)));

        // Γ(x)·Γ(1 − x) = π / sin πx.
        (T sin, _) = HalfTurns(a);
        T s = Normal(T.Abs(sin));
        T reflected = -(LogOf(T.Exponent(s) - Lifted(T.Abs(sin)), T.Mantissa(s) - T.One) + y);
        reflected = T.IfLess(T.Zero, T.Abs(sin), reflected, T.Const(double.PositiveInfinity));
        y = T.IfLess(x, T.Zero, reflected, y);
        return FiniteOr(a, T.IfLess(T.Zero, a, y, T.Const(double.PositiveInfinity)));
    }

    // log Γ(1 + u) for u ≥ 0, where x = −u or x = 1 + u; log Γ(x) where x = u.
    private static T LgammaBeside<T>(T x, T u)
        where T : IBits<T>
    {
        // Stirling's series in z = u + ½, where it has no odd powers. What rounding takes from z comes back.
        T start = Pick<T>(2, 1.5);
        T half = T.Const(0.5);
        T z = T.IfLess(x, T.Zero, half + u, x - half);
        T lost = T.IfLess(x, T.Zero, (u - z) + half, (x - z) - half);
        T i = T.One / z;
        T far = T.MulAdd(i, StirlingTail(i * i), T.Const(0.9189385332046728));

        // One logarithm for both: (log z − 1)·z beside the series, −log x beside the middle for a small x. At 1 the middle is 0 and not −0.
        T middle = T.IfLess(T.Zero, T.Abs(u), LgammaMiddle(u), T.Zero);
        T low = Normal(T.IfLess(start, u, z, x));
        T e = T.Exponent(low) - T.IfLess(start, u, T.Zero, Lifted(x));
        T f = T.Mantissa(low) - T.One;
        T log = T.MulAdd(e, Ln2High<T>(), T.IfLess(start, u, T.Const(-1), T.Zero))
            + (f + LogRest(f, T.MulAdd(e, Ln2Low<T>(), T.IfLess(start, u, T.Zero, -middle))));
        far = T.MulAdd(z, log, T.MulAdd(lost, log, far));
        return T.IfLess(start, u, far, T.IfLess(x, T.Zero, middle, T.IfLess(x, LgammaLow<T>(), -log, middle)));
    }

    // Below this, log Γ(x) = log Γ(1 + x) − log x.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T LgammaLow<T>()
        where T : IBits<T> => Pick<T>(0.75, 1);

    // log Γ(1 + u) for u in [−¼, 2] (float32) or [0, 1½] (float64).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T LgammaMiddle<T>(T u)
        where T : IBits<T>
    {
        if (T.IsDouble)
        {
            T w = u * (u - T.One);
            return T.MulAdd(w, LgammaTail(u), w * T.Const(0.4765625));
        }

        // About the nearer zero: t·(c + …), where t is the distance to it.
        T cut = T.Const(0.4);
        T t = T.IfLess(u, cut, u, u - T.One);
        T m = t - T.IfLess(u, cut, T.Const(0.25), T.Const(-0.25));
        T s = T.IfLess(u, cut, T.Const(0), T.Const(-2.8056158043909818e-05));
        s = T.MulAdd(s, m, T.IfLess(u, cut, T.Const(0.061407361179590225), T.Const(0.00018365988216828555)));
        s = T.MulAdd(s, m, T.IfLess(u, cut, T.Const(0.02149679698050022), T.Const(-0.0005807933048345149)));
        s = T.MulAdd(s, m, T.IfLess(u, cut, T.Const(0.03684528172016144), T.Const(0.0013100056676194072)));
        s = T.MulAdd(s, m, T.IfLess(u, cut, T.Const(-0.03705046325922012), T.Const(-0.002677614800632)));
        s = T.MulAdd(s, m, T.IfLess(u, cut, T.Const(0.05388543754816055), T.Const(0.005611302796751261)));
        s = T.MulAdd(s, m, T.IfLess(u, cut, T.Const(-0.08343139290809631), T.Const(-0.012469710782170296)));
        s = T.MulAdd(s, m, T.IfLess(u, cut, T.Const(0.13677749037742615), T.Const(0.030229460448026657)));
        s = T.MulAdd(s, m, T.IfLess(u, cut, T.Const(-0.25548219680786133), T.Const(-0.08609131723642349)));
        s = T.MulAdd(s, m, T.IfLess(u, cut, T.Const(0.6625352501869202), T.Const(0.3605281412601471)));
        s = T.MulAdd(s, m, T.IfLess(u, cut, T.Const(0.10691265016794205), T.Const(0.08760448545217514)));
        return T.MulAdd(t, s, t * T.IfLess(u, cut, T.Const(-0.5), T.Const(0.25)));
    }

    // log Γ(1 + u) / (u·(u − 1)) − 0.4765625 for u in [0, 1½], for float64.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T LgammaTail<T>(T u)
        where T : IBits<T>
    {
        T p = T.Const(-6.391023662965605e-08);
        p = T.MulAdd(p, u, T.Const(-0.0002358276428848013));
        p = T.MulAdd(p, u, T.Const(-0.006925766062618609));
        p = T.MulAdd(p, u, T.Const(-0.06281513117125816));
        p = T.MulAdd(p, u, T.Const(-0.2382753414314279));
        p = T.MulAdd(p, u, T.Const(-0.3967089402460735));
        p = T.MulAdd(p, u, T.Const(-0.2171325386570132));
        p = T.MulAdd(p, u, T.Const(0.09702674751481512));
        p = T.MulAdd(p, u, T.Const(0.10065316490153287));

        T q = T.Const(0.0005125987166323036);
        q = T.MulAdd(q, u, T.Const(0.018198717830908817));
        q = T.MulAdd(q, u, T.Const(0.21238297734073844));
        q = T.MulAdd(q, u, T.Const(1.1329330799984403));
        q = T.MulAdd(q, u, T.Const(3.121475698901617));
        q = T.MulAdd(q, u, T.Const(4.584332752291141));
        q = T.MulAdd(q, u, T.Const(3.4005698317806456));
        q = T.MulAdd(q, u, T.Const(1.0));
        return p / q;
    }

    // (log Γ(z + ½) − z·(log z − 1) − ½ log 2π)·z with k = z⁻², for z from 2 on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T StirlingTail<T>(T k)
        where T : IBits<T>
    {
        if (T.IsDouble)
        {
            T p = T.Const(-0.01835900864577382);
            p = T.MulAdd(p, k, T.Const(-0.4682440914733483));
            p = T.MulAdd(p, k, T.Const(-1.564657099875165));
            p = T.MulAdd(p, k, T.Const(-1.4735297792532336));
            p = T.MulAdd(p, k, T.Const(-0.4612377496979769));
            p = T.MulAdd(p, k, T.Const(-0.04166666666666643));

            T q = T.Const(0.8033236990270918);
            q = T.MulAdd(q, k, T.Const(13.01308088577955));
            q = T.MulAdd(q, k, T.Const(39.460337157428114));
            q = T.MulAdd(q, k, T.Const(35.99539794946655));
            q = T.MulAdd(q, k, T.Const(11.128039326079152));
            q = T.MulAdd(q, k, T.Const(1.0));
            return p / q;
        }

        T s = T.Const(0.0003287970903329551);
        s = T.MulAdd(s, k, T.Const(-0.0007293358794413507));
        s = T.MulAdd(s, k, T.Const(0.0024281085934489965));
        return T.MulAdd(s, k, T.Const(-0.04166662320494652));
    }
}
