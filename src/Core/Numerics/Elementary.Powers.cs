using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <content>Powers of 2.</content>
public static partial class Elementary
{
    /// <summary>2ˣ: exact for integers, +∞ from 128 (1024) on, subnormal and then 0 below −126 (−1022).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exp2<T>(T x)
        where T : IBits<T>
    {
        x = Within(x, Pick<T>(-151, -1076), Pick<T>(129, 1025));
        T n = T.RoundToInteger(x);
        T r = x - n;
        return ScaleFar(T.MulAdd(r, Exp2Tail(r), T.One), n);
    }

    // y·2ⁿ in two steps: 2ⁿ itself may lie outside the normal numbers where the product does not, or is subnormal.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T ScaleFar<T>(T y, T n)
        where T : IBits<T>
    {
        T half = T.RoundToInteger(n * T.Const(0.5));
        return T.Scale(T.Scale(y, half), n - half);
    }

    // (2ʳ − 1) / r for |r| ≤ ½.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Exp2Tail<T>(T r)
        where T : IBits<T>
    {
        if (T.IsDouble)
        {
            T p = T.Const(4.4398154728573041e-10);
            p = T.MulAdd(p, r, T.Const(7.0733072987233925e-09));
            p = T.MulAdd(p, r, T.Const(1.0178153977283203e-07));
            p = T.MulAdd(p, r, T.Const(1.3215438362171686e-06));
            p = T.MulAdd(p, r, T.Const(1.5252733647469008e-05));
            p = T.MulAdd(p, r, T.Const(0.00015403530450093465));
            p = T.MulAdd(p, r, T.Const(0.0013333558146534257));
            p = T.MulAdd(p, r, T.Const(0.0096181291076006536));
            p = T.MulAdd(p, r, T.Const(0.055504108664821757));
            p = T.MulAdd(p, r, T.Const(0.24022650695910111));
            return T.MulAdd(p, r, T.Const(0.69314718055994529));
        }

        T q = T.Const(0.00015328626614063978);
        q = T.MulAdd(q, r, T.Const(0.0013390971580520272));
        q = T.MulAdd(q, r, T.Const(0.009618501178920269));
        q = T.MulAdd(q, r, T.Const(0.05550359562039375));
        q = T.MulAdd(q, r, T.Const(0.24022647738456726));
        return T.MulAdd(q, r, T.Const(0.6931471824645996));
    }
}
