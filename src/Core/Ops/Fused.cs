using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Ops;

/// <summary>An elementwise formula of up to four operands: what two maps become when a captured step makes one of them.</summary>
public interface IFormula
{
    /// <summary>The result for the elements of one place; operands that there are not repeat one that there is.</summary>
    T Value<T>(T a, T b, T c, T d)
        where T : IReal<T>;
}

/// <summary>Which number an operand of a formula is: the result of the formula before it, or an operand of the whole.</summary>
public interface IPick
{
    /// <summary>One of these.</summary>
    T Of<T>(T before, T a, T b, T c, T d)
        where T : IReal<T>;
}

/// <summary>The result of the formula before.</summary>
public readonly struct PickBefore : IPick
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Of<T>(T before, T a, T b, T c, T d)
        where T : IReal<T> => before;
}

/// <summary>The first operand of the whole.</summary>
public readonly struct PickA : IPick
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Of<T>(T before, T a, T b, T c, T d)
        where T : IReal<T> => a;
}

/// <summary>The second operand of the whole.</summary>
public readonly struct PickB : IPick
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Of<T>(T before, T a, T b, T c, T d)
        where T : IReal<T> => b;
}

/// <summary>The third operand of the whole.</summary>
public readonly struct PickC : IPick
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Of<T>(T before, T a, T b, T c, T d)
        where T : IReal<T> => c;
}

/// <summary>The fourth operand of the whole.</summary>
public readonly struct PickD : IPick
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Of<T>(T before, T a, T b, T c, T d)
        where T : IReal<T> => d;
}

/// <summary>A map of one operand as a formula.</summary>
public readonly struct Formula1<TOp>(TOp op) : IFormula
    where TOp : struct, IMap1
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T a, T b, T c, T d)
        where T : IReal<T> => op.Value(a);
}

/// <summary>A map of two operands as a formula.</summary>
public readonly struct Formula2<TOp>(TOp op) : IFormula
    where TOp : struct, IMap2
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T a, T b, T c, T d)
        where T : IReal<T> => op.Value(a, b);
}

/// <summary>A map of three operands as a formula.</summary>
public readonly struct Formula3<TOp>(TOp op) : IFormula
    where TOp : struct, IMap3
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T a, T b, T c, T d)
        where T : IReal<T> => op.Value(a, b, c);
}

/// <summary>A map of four operands as a formula.</summary>
public readonly struct Formula4<TOp>(TOp op) : IFormula
    where TOp : struct, IMap4
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T a, T b, T c, T d)
        where T : IReal<T> => op.Value(a, b, c, d);
}

/// <summary>A formula and one that reads its result, as one: the result between them stays in a register.</summary>
public readonly struct Fused<TFirst, TThen, T0, T1, T2, T3, U0, U1, U2, U3>(TFirst first, TThen then) : IFormula
    where TFirst : struct, IFormula
    where TThen : struct, IFormula
    where T0 : struct, IPick
    where T1 : struct, IPick
    where T2 : struct, IPick
    where T3 : struct, IPick
    where U0 : struct, IPick
    where U1 : struct, IPick
    where U2 : struct, IPick
    where U3 : struct, IPick
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T a, T b, T c, T d)
        where T : IReal<T>
    {
        T before = first.Value(
            default(T0).Of(a, a, b, c, d), default(T1).Of(a, a, b, c, d), default(T2).Of(a, a, b, c, d), default(T3).Of(a, a, b, c, d));
        return then.Value(
            default(U0).Of(before, a, b, c, d), default(U1).Of(before, a, b, c, d), default(U2).Of(before, a, b, c, d),
            default(U3).Of(before, a, b, c, d));
    }
}

/// <summary>
/// A formula as a map of two operands, whatever the number of its own: each of these is one of the two. What follows a product, whose
/// elements are the first, and what comes before a sum.
/// </summary>
public readonly struct FusedPair<TFormula, T0, T1, T2, T3>(TFormula formula) : IMap2
    where TFormula : struct, IFormula
    where T0 : struct, IPick
    where T1 : struct, IPick
    where T2 : struct, IPick
    where T3 : struct, IPick
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T a, T b)
        where T : IReal<T> => formula.Value(
            default(T0).Of(a, a, b, b, b), default(T1).Of(a, a, b, b, b), default(T2).Of(a, a, b, b, b), default(T3).Of(a, a, b, b, b));
}

/// <summary>A formula of one operand as a map.</summary>
public readonly struct FusedMap1<TFormula>(TFormula formula) : IMap1
    where TFormula : struct, IFormula
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T x)
        where T : IReal<T> => formula.Value(x, x, x, x);
}

/// <summary>A formula of two operands as a map.</summary>
public readonly struct FusedMap2<TFormula>(TFormula formula) : IMap2
    where TFormula : struct, IFormula
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T a, T b)
        where T : IReal<T> => formula.Value(a, b, a, a);
}

/// <summary>A formula of three operands as a map.</summary>
public readonly struct FusedMap3<TFormula>(TFormula formula) : IMap3
    where TFormula : struct, IFormula
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T a, T b, T c)
        where T : IReal<T> => formula.Value(a, b, c, a);
}

/// <summary>A formula of four operands as a map.</summary>
public readonly struct FusedMap4<TFormula>(TFormula formula) : IMap4
    where TFormula : struct, IFormula
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T a, T b, T c, T d)
        where T : IReal<T> => formula.Value(a, b, c, d);
}
