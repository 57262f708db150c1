namespace Gpu.Autograd.Ops;

/// <summary>
/// Einstein's sums: each operand's axes have a name, names that the result lacks are summed over. Two operands after the other become one, by
/// a product of matrices, the smallest result first.
/// </summary>
internal sealed class Einsum
{
    /// <summary>The ellipsis's axes have names of their own, counted from the last one back.</summary>
    private const char LastOfEllipsis = '\uFFFF';

    private readonly string equation;
    private readonly Dictionary<char, int> lengths = [];
    private readonly List<Term> terms = [];

    private Einsum(string equation) => this.equation = equation;

    /// <summary>The sum that an equation stands for.</summary>
    public static Tensor Run(string equation, ReadOnlySpan<Tensor> operands) => new Einsum(equation).Run(operands);

    private Tensor Run(ReadOnlySpan<Tensor> operands)
    {
        string text = equation.Replace(" ", "", StringComparison.Ordinal);
        int arrow = text.IndexOf("->", StringComparison.Ordinal);
        string[] inputs = (arrow < 0 ? text : text[..arrow]).Split(',');
        if (inputs.Length != operands.Length)
        {
            throw new ArgumentException($"Einsum: \"{equation}\" is for {inputs.Length} operands, not {operands.Length}.");
        }

        int ellipsis = 0;
        for (int k = 0; k < inputs.Length; k++)
        {
            Check.Number(operands[k], "Einsum");
            Check.Alike(operands[0], operands[k], "Einsum");
            ellipsis = Math.Max(ellipsis, Add(k, inputs[k], operands[k]));
        }

        string result = arrow < 0 ? Implicit(inputs, ellipsis) : Named(text[(arrow + 2)..], ellipsis);
        foreach (char name in result)
        {
            if (!lengths.ContainsKey(name))
            {
                throw new ArgumentException($"Einsum: \"{equation}\" has the subscript {Say(name)} in the result, but in no operand.");
            }

            if (result.IndexOf(name, StringComparison.Ordinal) != result.LastIndexOf(name))
            {
                throw new ArgumentException($"Einsum: \"{equation}\" has the subscript {Say(name)} twice in the result.");
            }
        }

        for (int k = 0; k < terms.Count; k++)
        {
            terms[k] = WithoutStretched(terms[k]);
        }

        while (terms.Count > 1)
        {
            var (a, b) = Cheapest(result);
            var (left, right) = (terms[a], terms[b]);
            terms.RemoveAt(b);
            terms.RemoveAt(a);
            terms.Insert(a, Product(left, right, result + string.Concat(terms.Select(term => term.Names))));
        }

        return terms[0].Summed(result).Ordered(result).Value;
    }

    /// <summary>Takes in an operand, and says how many axes its ellipsis stands for.</summary>
    private int Add(int k, string subscripts, Tensor x)
    {
        int letters = subscripts.Replace("...", "", StringComparison.Ordinal).Length;
        int ellipsis = x.Rank - letters;
        bool open = letters != subscripts.Length;
        if (open ? ellipsis < 0 : ellipsis != 0)
        {
            throw new ArgumentException(
                $"Einsum: \"{subscripts}\" of \"{equation}\" names {letters} axes{(open ? " beside the ellipsis" : "")}, " +
                $"operand {k} is {x.Shape}.");
        }

        string names = Named(subscripts, ellipsis);
        for (int axis = 0; axis < names.Length; axis++)
        {
            int length = x.Shape[axis];
            int known = lengths.GetValueOrDefault(names[axis], 1);
            if (known != length && known != 1 && length != 1)
            {
                throw new ArgumentException(
                    $"Einsum: the subscript {Say(names[axis])} of \"{equation}\" is {length} in operand {k}, {x.Shape}, and {known} before.");
            }

            lengths[names[axis]] = known == 1 ? length : known;
        }

        terms.Add(new Term(names, x).Distinct(equation));
        return open ? ellipsis : 0;
    }

    /// <summary>Subscripts with the ellipsis's axes as names of their own.</summary>
    private string Named(string subscripts, int ellipsis)
    {
        int at = subscripts.IndexOf("...", StringComparison.Ordinal);
        string unnamed = string.Concat(Enumerable.Range(0, ellipsis).Select(i => (char)(LastOfEllipsis - ellipsis + 1 + i)));
        string names = at < 0 ? subscripts : subscripts[..at] + unnamed + subscripts[(at + 3)..];
        foreach (char name in names)
        {
            if (!char.IsAsciiLetter(name) && LastOfEllipsis - name >= ellipsis)
            {
                throw new ArgumentException(
                    $"Einsum: \"{equation}\": '{name}' is no subscript; these are letters, and one ellipsis (...) for axes without a name.");
            }
        }

        return names;
    }

    /// <summary>Without an arrow the result has the ellipsis and then, by the alphabet, what occurs once.</summary>
    private string Implicit(string[] inputs, int ellipsis)
    {
        string all = string.Concat(inputs).Replace(".", "", StringComparison.Ordinal);
        return Named(ellipsis > 0 ? "..." : "", ellipsis) + string.Concat(all.Where(name => all.Count(other => other == name) == 1).Order());
    }

    /// <summary>Without the axes of length 1 that others stretch: a product does it by itself.</summary>
    private Term WithoutStretched(Term term)
    {
        string kept = string.Concat(term.Names.Where((name, axis) => term.Value.Shape[axis] == lengths[name]));
        return kept == term.Names ? term : new(kept, term.Value.Reshape([.. kept.Select(name => lengths[name])]));
    }

    /// <summary>The two terms whose product is smallest; of equals the first.</summary>
    private (int A, int B) Cheapest(string result)
    {
        var best = (A: 0, B: 1);
        double least = double.PositiveInfinity;
        for (int a = 0; a < terms.Count; a++)
        {
            for (int b = a + 1; b < terms.Count && terms.Count > 2; b++)
            {
                string kept = result + string.Concat(terms.Where((_, k) => k != a && k != b).Select(term => term.Names));
                double size = terms[a].Names.Union(terms[b].Names).Where(kept.Contains)
                    .Aggregate(1.0, (product, name) => product * lengths[name]);
                if (size < least)
                {
                    (best, least) = ((a, b), size);
                }
            }
        }

        return best;
    }

    /// <summary>The product of two terms, with those names that are still needed.</summary>
    private Term Product(Term a, Term b, string needed)
    {
        a = a.Summed(needed + b.Names);
        b = b.Summed(needed + a.Names);
        string both = string.Concat(a.Names.Where(b.Names.Contains));
        string batch = string.Concat(both.Where(needed.Contains));
        string inner = string.Concat(both.Except(batch));
        string onlyA = string.Concat(a.Names.Except(both));
        string onlyB = string.Concat(b.Names.Except(both));
        if (inner.Length == 0 || (onlyA.Length == 0 && onlyB.Length == 0))
        {
            var x = a.Ordered(batch + inner + onlyA).Value;
            var y = b.Ordered(batch + inner + onlyB).Value;
            x = x.Reshape([.. x.Shape, .. Enumerable.Repeat(1, onlyB.Length)]);
            y = y.Reshape([.. LengthsOf(batch + inner), .. Enumerable.Repeat(1, onlyA.Length), .. LengthsOf(onlyB)]);
            return new Term(batch + inner + onlyA + onlyB, x * y).Summed(needed);
        }

        int k = Size(inner);
        var left = a.Ordered(batch + onlyA + inner).Value.Reshape([.. LengthsOf(batch), Size(onlyA), k]);
        var right = b.Ordered(batch + inner + onlyB).Value.Reshape([.. LengthsOf(batch), k, Size(onlyB)]);
        return new(batch + onlyA + onlyB, left.MatMul(right).Reshape([.. LengthsOf(batch + onlyA + onlyB)]));
    }

    private int Size(string names) => LengthsOf(names).Aggregate(1, (product, length) => product * length);

    private int[] LengthsOf(string names) => [.. names.Select(name => lengths[name])];

    private static string Say(char name) => char.IsAsciiLetter(name) ? $"'{name}'" : "'...'";

    /// <summary>A tensor with names for its axes.</summary>
    private sealed record Term(string Names, Tensor Value)
    {
        /// <summary>Each name once: of axes with one name the diagonal is meant.</summary>
        public Term Distinct(string equation)
        {
            for (int second = 1; second < Names.Length; second++)
            {
                int first = Names.IndexOf(Names[second], StringComparison.Ordinal);
                if (first == second)
                {
                    continue;
                }

                if (Value.Shape[first] != Value.Shape[second])
                {
                    throw new ArgumentException(
                        $"Einsum: the subscript {Say(Names[second])} of \"{equation}\" is {Value.Shape[first]} and {Value.Shape[second]} in one " +
                        $"operand, {Value.Shape}.");
                }

                string rest = Names.Remove(second, 1).Remove(first, 1);
                return new Term(rest + Names[second], Value.Diagonal(0, first, second)).Distinct(equation);
            }

            return this;
        }

        /// <summary>Summed over the axes that are not needed.</summary>
        public Term Summed(string needed)
        {
            int[] over = [.. Enumerable.Range(0, Names.Length).Where(axis => !needed.Contains(Names[axis], StringComparison.Ordinal))];
            return over.Length == 0 ? this : new(string.Concat(Names.Where(needed.Contains)), Value.Sum(over).To(Value.DType));
        }

        /// <summary>The same axes in the order given.</summary>
        public Term Ordered(string names) =>
            names == Names ? this : new(names, Value.Permute([.. names.Select(name => Names.IndexOf(name, StringComparison.Ordinal))]));
    }
}
