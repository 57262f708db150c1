namespace Gpu.Autograd.Ops;

/// <summary>Every op of the library, once. Tests, documentation and benchmarks walk this list; an op that is missing fails a test.</summary>
public static partial class OpTable
{
    /// <summary>The ops.</summary>
    public static IReadOnlyList<OpRow> Rows { get; } =
        [.. Elementwise, .. Reductions, .. Shapes, .. Matrices, .. Eliminations, .. Spectral, .. Networks];

    private static OpRow[] Elementwise =>
    [
        Unary("neg", default(Neg), x => -x),
        Unary("square", default(Square), x => x.Square()),
        Unary("reciprocal", default(Reciprocal), x => x.Reciprocal(), Domain.Positive),
        Unary("cube", default(Cube), x => x.Cube()),
        Unary("abs", default(Abs), x => x.Abs()),
        Unary("sqrt", default(Sqrt), x => x.Sqrt(), Domain.Positive),
        Unary("exp", default(Exp), x => x.Exp()),
        Unary("exp2", default(Exp2), x => x.Exp2()),
        Unary("expm1", default(Expm1), x => x.Expm1()),
        Unary("log", default(Log), x => x.Log(), Domain.Positive),
        Unary("log2", default(Log2), x => x.Log2(), Domain.Positive),
        Unary("log10", default(Log10), x => x.Log10(), Domain.Positive),
        Unary("log1p", default(Log1p), x => x.Log1p(), new(-0.8, 4)),
        Unary("sin", default(Sin), x => x.Sin()),
        Unary("cos", default(Cos), x => x.Cos()),
        Unary("tan", default(Tan), x => x.Tan(), new(-1.4, 1.4)),
        Unary("asin", default(Asin), x => x.Asin(), new(-0.9, 0.9)),
        Unary("acos", default(Acos), x => x.Acos(), new(-0.9, 0.9)),
        Unary("atan", default(Atan), x => x.Atan()),
        Unary("rsqrt", default(Rsqrt), x => x.Rsqrt(), Domain.Positive),
        Unary("cbrt", default(Cbrt), x => x.Cbrt(), Domain.Positive),
        Unary("pow_scalar", new BindB<Pow>(default, 2.5), x => x.Pow(2.5), Domain.Positive),
        Unary("sinh", default(Sinh), x => x.Sinh()),
        Unary("cosh", default(Cosh), x => x.Cosh()),
        Unary("tanh", default(Tanh), x => x.Tanh()),
        Unary("asinh", default(Asinh), x => x.Asinh()),
        Unary("acosh", default(Acosh), x => x.Acosh(), new(1.2, 4)),
        Unary("atanh", default(Atanh), x => x.Atanh(), new(-0.8, 0.8)),
        Unary("erf", default(Erf), x => x.Erf()),
        Unary("erfc", default(Erfc), x => x.Erfc()),
        Unary("lgamma", default(Lgamma), x => x.Lgamma(), Domain.Positive),
        Unary("digamma", default(Digamma), x => x.Digamma(), Domain.Positive),
        Unary("polygamma", default(Polygamma), x => x.Polygamma(1), Domain.Positive),
        Unary("sigmoid", default(Sigmoid), x => x.Sigmoid()),
        Unary("softplus", default(Softplus), x => x.Softplus()),
        Unary("silu", default(Silu), x => x.Silu()),
        Unary("logit", default(Logit), x => x.Logit(), new(0.05, 0.95)),
        Unary("softsign", default(Softsign), x => x.Softsign()),
        Unary("relu", default(Relu), x => x.Relu()),
        Unary("leaky_relu", new LeakyRelu(0.1), x => x.LeakyRelu(0.1)),
        Unary("log_sigmoid", default(LogSigmoid), x => x.LogSigmoid()),
        Unary("elu", new Elu(1), x => x.Elu()),
        Unary("celu", new Celu(0.5), x => x.Celu(0.5)),
        Unary("mish", default(Mish), x => x.Mish()),
        Unary("gelu", default(Gelu), x => x.Gelu()),
        Unary("gelu_tanh", default(GeluTanh), x => x.GeluTanh()),
        Unary("hard_swish", default(HardSwish), x => x.HardSwish(), new(-5, 5)),
        Unary("hard_sigmoid", default(HardSigmoid), x => x.HardSigmoid(), new(-5, 5)),
        Unary("hard_tanh", new HardTanh(-1, 2), x => x.HardTanh(-1, 2)),
        Unary("relu6", new HardTanh(0, 6), x => x.Relu6(), new(-3, 9)),
        Unary("clamp", new Clamp(-0.7, 0.9), x => x.Clamp(-0.7, 0.9)),
        Unary("soft_shrink", new SoftShrink(0.5), x => x.SoftShrink()),
        Unary("hard_shrink", new HardShrink(0.5), x => x.HardShrink()),
        Unary("threshold", new Threshold(0.5, -1), x => x.Threshold(0.5, -1)),
        Unary("nan_to_num", new NanToNum(0, 1, -1), x => x.NanToNum(0, 1, -1)),
        Unary("entr", default(Entr), x => x.Entr(), Domain.Positive),
        Composite("selu", x => x.Selu(), [2, 5]),
        Composite("tanh_shrink", x => x.TanhShrink(), [2, 5]),

        Unary("sign", default(Sign), x => x.Sign()),
        Unary("round", default(Round), x => x.Round()) with { Order = 0 },
        Unary("floor", default(Floor), x => x.Floor()) with { Order = 0 },
        Unary("ceil", default(Ceil), x => x.Ceil()) with { Order = 0 },
        Unary("trunc", default(Trunc), x => x.Trunc()) with { Order = 0 },
        Unary("is_nan", default(IsNaN), x => x.Map(default(IsNaN))),
        Unary("is_infinity", default(IsInfinity), x => x.Map(default(IsInfinity))),
        Unary("is_finite", default(IsFinite), x => x.Map(default(IsFinite))),

        Binary("add", default(Add), (a, b) => a + b),
        Binary("sub", default(Sub), (a, b) => a - b),
        Binary("mul", default(Mul), (a, b) => a * b),
        Binary("div", default(Div), (a, b) => a / b, Domain.Positive),
        Binary("atan2", default(Atan2), Tensor.Atan2),
        Binary("pow", default(Pow), (a, b) => a.Pow(b), Domain.Positive),
        Binary("maximum", default(Maximum), Tensor.Maximum),
        Binary("minimum", default(Minimum), Tensor.Minimum),
        Binary("fmod", default(Fmod), Tensor.Fmod),
        Binary("remainder", default(Remainder), Tensor.Remainder),
        Exact("floor_divide", (a, b) => Tensor.FloorDivide((a * 10).To(DType.Int32), (b * 3).To(DType.Int32))),
        Exact("is_close", (a, b) => Tensor.IsClose(a, b, relative: 0.5)),
        Exact("and", (a, b) => (a < 0) & (b < 0)),
        Exact("or", (a, b) => (a < 0) | (b < 0)),
        Exact("xor", (a, b) => (a < 0) ^ (b < 0)),
        Exact("not", (a, b) => !(a < b)),
        Binary("hypot", default(Hypot), Tensor.Hypot),
        Binary("log_add_exp", default(LogAddExp), Tensor.LogAddExp),
        Binary("xlogy", default(Xlogy), Tensor.Xlogy, Domain.Positive),
        Binary("copy_sign", default(CopySign), Tensor.CopySign),
        Binary("less", default(Less), (a, b) => Tensor.Map(default(Less), a, b)),
        Binary("less_or_equal", default(LessOrEqual), (a, b) => Tensor.Map(default(LessOrEqual), a, b)),
        Binary("equal", default(Equal), (a, b) => Tensor.Map(default(Equal), a, b)),
        new TernaryRow<Lerp>("lerp", default, x => Tensor.Lerp(x[0], x[1], x[2])) { Shapes = [[[7], [7], [7]], [[2, 1], [1, 3], [2, 3]]] },
        new TernaryRow<Select>("select", default, x => Tensor.Map(default(Select), Tensor.Map(default(Less), x[0], 0), x[1], x[2]))
        {
            Shapes = [[[7], [7], [7]], [[2, 1], [1, 3], [2, 3]]],
        },
    ];

    private static UnaryRow<TOp> Unary<TOp>(string name, TOp op, Func<Tensor, Tensor> apply, Domain? domain = null)
        where TOp : struct, IUnary =>
        new(name, op, x => apply(x[0])) { Shapes = [[[2, 5]], [[]], [[17]]], Domain = domain ?? Domain.Real };

    private static BinaryRow<TOp> Binary<TOp>(string name, TOp op, Func<Tensor, Tensor, Tensor> apply, Domain? domain = null)
        where TOp : struct, IBinary =>
        new(name, op, x => apply(x[0], x[1]))
        {
            Shapes = [[[3, 4], [3, 4]], [[3, 4], [4]], [[2, 1, 4], [3, 1]], [[], [2, 3]]],
            Domain = domain ?? Domain.Real,
        };

    private static OpRow Exact(string name, Func<Tensor, Tensor, Tensor> apply) =>
        new(name, OpKind.Selection, x => apply(x[0], x[1])) { Shapes = [[[3, 4], [3, 4]], [[2, 1, 4], [3, 1]]], Order = 0 };

    private static OpRow Linear(string name, Func<Tensor, Tensor> apply, params Shape[] shapes) =>
        new(name, OpKind.Linear, x => apply(x[0])) { Shapes = [.. shapes.Select(shape => new[] { shape })] };

    private static OpRow Composite(string name, Func<Tensor, Tensor> apply, params Shape[] shapes) =>
        new(name, OpKind.Composite, x => apply(x[0])) { Shapes = [.. shapes.Select(shape => new[] { shape })] };
}
