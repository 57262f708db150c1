namespace Gpu.Autograd.Capturing;

/// <summary>A map, y = op(…): the calls that fusion makes one of.</summary>
internal abstract class MapCall(Backend backend, object op, Operand[] operands) : Call(backend, operands, 1)
{
    /// <summary>The op's struct.</summary>
    public object Op { get; } = op;

    /// <summary>How many maps were made one.</summary>
    public int Ops { get; private set; } = 1;

    /// <summary>The result.</summary>
    public Operand Result => Operands[^1];

    /// <summary>A call for an op whose type is known only now.</summary>
    /// <param name="like">A call of the back end.</param>
    /// <param name="op">The op's struct.</param>
    /// <param name="inputs">The operands; as many as the op has.</param>
    /// <param name="y">The result.</param>
    /// <param name="ops">How many maps it is made of.</param>
    public static MapCall Of(Call like, object op, ReadOnlySpan<Operand> inputs, Operand y, int ops)
    {
        var type = inputs.Length switch
        {
            1 => typeof(MapCall1<>),
            2 => typeof(MapCall2<>),
            3 => typeof(MapCall3<>),
            _ => typeof(MapCall4<>),
        };
        object[] arguments = new object[inputs.Length + 3];
        (arguments[0], arguments[1], arguments[^1]) = (like.Backend, op, y);
        for (int k = 0; k < inputs.Length; k++)
        {
            arguments[2 + k] = inputs[k];
        }

        var call = (MapCall)Activator.CreateInstance(type.MakeGenericType(op.GetType()), arguments)!;
        call.Ops = ops;
        return call;
    }

    /// <summary>The same map of the same elements under another shape; null where an operand does not have it.</summary>
    public MapCall? Under(Shape shape)
    {
        if (Result.Shape == shape)
        {
            return this;
        }

        var operands = new Operand[Operands.Length];
        for (int k = 0; k < operands.Length; k++)
        {
            if (Operands[k].Layout.TryReshape(shape) is not { } layout)
            {
                return null;
            }

            operands[k] = Operands[k] with { Layout = layout };
        }

        return Of(this, Op, operands.AsSpan(0, operands.Length - 1), operands[^1], Ops);
    }

    public override Action Prepared() => Backend.Prepare(Run);

    public override bool IsByRows(int operand) => true;
}

/// <summary>y = op(x).</summary>
internal sealed class MapCall1<TOp>(Backend backend, TOp op, Operand x, Operand y)
    : MapCall(backend, op, [x, y])
    where TOp : struct, IMap1
{
    public override void Run(Backend backend) => backend.Map(op, Operands[0], Operands[1]);
}

/// <summary>y = op(a, b).</summary>
internal sealed class MapCall2<TOp>(Backend backend, TOp op, Operand a, Operand b, Operand y)
    : MapCall(backend, op, [a, b, y])
    where TOp : struct, IMap2
{
    public override void Run(Backend backend) => backend.Map(op, Operands[0], Operands[1], Operands[2]);
}

/// <summary>y = op(a, b, c).</summary>
internal sealed class MapCall3<TOp>(Backend backend, TOp op, Operand a, Operand b, Operand c, Operand y)
    : MapCall(backend, op, [a, b, c, y])
    where TOp : struct, IMap3
{
    public override void Run(Backend backend) => backend.Map(op, Operands[0], Operands[1], Operands[2], Operands[3]);
}

/// <summary>y = op(a, b, c, d).</summary>
internal sealed class MapCall4<TOp>(Backend backend, TOp op, Operand a, Operand b, Operand c, Operand d, Operand y)
    : MapCall(backend, op, [a, b, c, d, y])
    where TOp : struct, IMap4
{
    public override void Run(Backend backend) => backend.Map(op, Operands[0], Operands[1], Operands[2], Operands[3], Operands[4]);
}
