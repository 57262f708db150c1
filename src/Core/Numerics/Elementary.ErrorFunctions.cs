using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <content>The error function and its complement.</content>
public static partial class Elementary
{
    /// <summary>erf x = 2/√π ∫₀ˣ exp(−t²) dt: ±0 at ±0, ±1 at ±∞. The error is at most 1.3 ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Erf<T>(T x)
        where T : IBits<T>
    {
        T a = T.Abs(x);
        T near = T.MulAdd(x, ErfTail(x * x), x);
        T far = T.CopySign(T.One - ErfcFar(a), x);

        // Written so that a NaN passes, and −0.
        return T.IfLess(T.Const(0.75), a, far, T.IfLess(T.Zero, a, near, x));
    }

    /// <summary>
    /// erfc x = 1 − erf x, to its own last places where it is small: 0 from 10.06 (27.23) on, 2 at −∞. The error is at most 1.9 ulp; of a
    /// subnormal result, one unit.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Erfc<T>(T x)
        where T : IBits<T>
    {
        T a = T.Abs(x);
        T half = T.Const(0.5);
        T near = half - T.MulAdd(x, ErfTail(x * x), x - half);
        T far = ErfcFar(a);
        far = T.IfLess(x, T.Zero, T.Const(2) - far, far);
        return T.IfLess(T.Const(0.75), a, far, near);
    }

    // erfc a for a from ¾ on, as exp(−½ − a² + tail) / (a + ½): the tail is small, so that its rounding does not show.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T ErfcFar<T>(T a)
        where T : IBits<T>
    {
        T end = Pick<T>(11, 28);
        a = T.IfLess(end, a, end, a);
        T d = a + T.Const(0.5);
        T tail = ErfcTail((a - T.Const(2)) / (a + T.Const(2)));
        if (!T.IsDouble)
        {
            // What the rounding of d has lost.
            tail -= (T.Const(0.5) - (d - a)) / d;
        }

        // a² in two parts, of which the first is exact, and stays so until it has become small.
        T high = T.High(a);
        T x = -(high * high);
        tail = T.MulAdd(high - a, a + high, tail);
        T half = T.Const(0.5);
        T n = Binades(x + (tail - half));
        T r = T.MulAdd(n, -Ln2High<T>(), x) - half + T.MulAdd(n, -Ln2Low<T>(), tail);
        return T.ScaleFar((T.One + T.MulAdd(r * r, ExpTail(r), r)) / d, n);
    }

    // (erf x − x) / x with z = x², for |x| ≤ ¾.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T ErfTail<T>(T z)
        where T : IBits<T>
    {
        if (T.IsDouble)
        {
            T p = T.Const(1.1463750612177486e-08);
            p = T.MulAdd(p, z, T.Const(-1.5937598980973695e-07));
            p = T.MulAdd(p, z, T.Const(1.6430388220574542e-06));
            p = T.MulAdd(p, z, T.Const(-1.492417664681164e-05));
            p = T.MulAdd(p, z, T.Const(0.00012055288778013224));
            p = T.MulAdd(p, z, T.Const(-0.0008548326169121815));
            p = T.MulAdd(p, z, T.Const(0.0052239776151229295));
            p = T.MulAdd(p, z, T.Const(-0.02686617064440255));
            p = T.MulAdd(p, z, T.Const(0.11283791670952481));
            p = T.MulAdd(p, z, T.Const(-0.37612638903183715));
            return T.MulAdd(p, z, T.Const(0.1283791670955126));
        }

        T q = T.Const(-0.0006749502499587834);
        q = T.MulAdd(q, z, T.Const(0.005114344414323568));
        q = T.MulAdd(q, z, T.Const(-0.026834623888134956));
        q = T.MulAdd(q, z, T.Const(0.11283376812934875));
        q = T.MulAdd(q, z, T.Const(-0.3761261999607086));
        return T.MulAdd(q, z, T.Const(0.12837916612625122));
    }

    // ½ + log((a + ½)·eᵃᵃ·erfc a) with m = (a − 2) / (a + 2), for a from ¾ on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T ErfcTail<T>(T m)
        where T : IBits<T>
    {
        if (T.IsDouble)
        {
            T p = T.Const(-0.00014988598533520627);
            p = T.MulAdd(p, m, T.Const(-0.001790423712516596));
            p = T.MulAdd(p, m, T.Const(0.000998440682339817));
            p = T.MulAdd(p, m, T.Const(-0.018600021954140136));
            p = T.MulAdd(p, m, T.Const(-0.006285939734439617));
            p = T.MulAdd(p, m, T.Const(-0.009400626180347708));
            p = T.MulAdd(p, m, T.Const(-0.11750766776721859));
            p = T.MulAdd(p, m, T.Const(0.07147805753797287));
            p = T.MulAdd(p, m, T.Const(-0.12032010699565424));
            p = T.MulAdd(p, m, T.Const(-0.060236989551026326));
            p = T.MulAdd(p, m, T.Const(0.05134946725751749));

            T q = T.Const(0.000543531345284645);
            q = T.MulAdd(q, m, T.Const(0.002639175706581415));
            q = T.MulAdd(q, m, T.Const(0.013833008385124506));
            q = T.MulAdd(q, m, T.Const(0.033783804555248896));
            q = T.MulAdd(q, m, T.Const(0.08600541213560924));
            q = T.MulAdd(q, m, T.Const(0.20324114529326523));
            q = T.MulAdd(q, m, T.Const(0.22056573347460734));
            q = T.MulAdd(q, m, T.Const(0.5241366405163216));
            q = T.MulAdd(q, m, T.Const(0.5820406334566874));
            q = T.MulAdd(q, m, T.Const(0.2416039559751066));
            q = T.MulAdd(q, m, T.Const(1.0));
            return p / q;
        }

        T s = T.Const(-0.0022808671928942204);
        s = T.MulAdd(s, m, T.Const(0.006604197900742292));
        s = T.MulAdd(s, m, T.Const(-0.006102928426116705));
        s = T.MulAdd(s, m, T.Const(0.00668644392862916));
        s = T.MulAdd(s, m, T.Const(-0.04225549101829529));
        s = T.MulAdd(s, m, T.Const(0.11889798939228058));
        s = T.MulAdd(s, m, T.Const(-0.13265760242938995));
        s = T.MulAdd(s, m, T.Const(-0.07264326512813568));
        return T.MulAdd(s, m, T.Const(0.05134947597980499));
    }
}
