using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Kernels;

/// <content>How a whole is drawn up: what stands where in shared memory when, and where a group's threads have to wait for each other.</content>
public abstract partial class KernelBackend<M, S>
{
    /// <summary>The calls of a whole as stages of a group's work; each is told while the part that it is is noted.</summary>
    private abstract class Sketch
    {
        internal abstract void Map<TOp>(TOp op, Operand x, Operand y)
            where TOp : struct, IMap1;

        internal abstract void Map<TOp>(TOp op, Operand a, Operand b, Operand y)
            where TOp : struct, IMap2;

        internal abstract void Map<TOp>(TOp op, Operand a, Operand b, Operand c, Operand y)
            where TOp : struct, IMap3;

        internal abstract void Map<TOp>(TOp op, Operand a, Operand b, Operand c, Operand d, Operand y)
            where TOp : struct, IMap4;

        internal abstract void MatMul<TOp>(TOp op, Operand a, Operand c, Operand? b, Operand y)
            where TOp : struct, IMap2;

        internal abstract void Sum(Operand x, Operand y);

        internal abstract void CrossEntropy(Operand x, Operand labels, Operand y);

        internal abstract void CrossEntropyGradient(Operand g, Operand x, Operand labels, Operand dx);

        internal abstract void Update<TOp>(TOp op, Operand rate, Operand count, ReadOnlySpan<Operand> parts)
            where TOp : struct, IUpdate;

        /// <summary>The launches, and the memory between them; null where there is no room.</summary>
        internal abstract (Noted Rows, Noted Step, Storage Pieces)? Finish();
    }

    private sealed class Sketch<T, E>(KernelBackend<M, S> backend) : Sketch
        where T : unmanaged, IReal<T>
        where E : struct, IElement<T>
    {
        /// <summary>More pieces are no faster to write, and take longer to add up.</summary>
        private const int MostGroups = Enough;

        private readonly Dictionary<Storage, Value> values = new(ReferenceEqualityComparer.Instance);
        private readonly Dictionary<(Storage Storage, int Offset, int Row, int Column, int Columns), Value> inputs = [];
        private readonly Dictionary<Storage, Total<T>> sums = new(ReferenceEqualityComparer.Instance);
        private readonly List<Stage> stages = [];
        private readonly List<Total<T>> totals = [];
        private Func<Storage, (int Groups, int Piece, Ended<T> End), Noted>? step;
        private bool fails;

        private static Part Now => noting!.Now;

        private int Batch { get; set; }

        private static bool IsOwn(DType dtype) => dtype == (typeof(T) == typeof(F32) ? DType.Float32 : DType.Float64);

        internal override void Map<TOp>(TOp op, Operand x, Operand y)
        {
            if (Now.Role == Role.OfSum)
            {
                fails |= !IsOwn(y.DType);
                sums[x.Storage].Ends.Add(new Ended<T, Mapped<TOp, T, M>>(new(op, backend.Dense(y))));
                return;
            }

            var (a, to) = (Input(x, y), Row(y));
            Add(() => new Built<MapRows1<TOp, T, M>>(new(op, a.Spot, to.Spot, to.Columns)), to, a);
        }

        internal override void Map<TOp>(TOp op, Operand a, Operand b, Operand y)
        {
            var (x0, x1, to) = (Input(a, y), Input(b, y), Row(y));
            Add(() => new Built<MapRows2<TOp, T, M>>(new(op, x0.Spot, x1.Spot, to.Spot, to.Columns)), to, x0, x1);
        }

        internal override void Map<TOp>(TOp op, Operand a, Operand b, Operand c, Operand y)
        {
            var (x0, x1, x2, to) = (Input(a, y), Input(b, y), Input(c, y), Row(y));
            Add(() => new Built<MapRows3<TOp, T, M>>(new(op, x0.Spot, x1.Spot, x2.Spot, to.Spot, to.Columns)), to, x0, x1, x2);
        }

        internal override void Map<TOp>(TOp op, Operand a, Operand b, Operand c, Operand d, Operand y)
        {
            var (x0, x1, x2, x3, to) = (Input(a, y), Input(b, y), Input(c, y), Input(d, y), Row(y));
            Add(() => new Built<MapRows4<TOp, T, M>>(new(op, x0.Spot, x1.Spot, x2.Spot, x3.Spot, to.Spot, to.Columns)), to, x0, x1, x2, x3);
        }

        internal override void MatMul<TOp>(TOp op, Operand a, Operand c, Operand? b, Operand y)
        {
            if (Now.Role == Role.Sum)
            {
                var (left, right) = (Input(Turned(a), a.Shape[1]), Input(c, c.Shape[2]));
                fails |= !left.IsFull || !right.IsFull;
                var sum = NewTotal(y);
                stages.Add(new Stage(
                    _ => new Built<SumProducts<T, M>>(new(left.Spot, right.Spot, left.Columns, right.Columns, sum.From)), null, left, right));
                return;
            }

            int depth = a.Shape[2];
            var x = Input(a, depth);
            var (other, to) = (b is { } known ? Input(known, y) : x, Row(y));
            var weights = Factor.Right(c, 1, 1);
            fails |= !x.IsFull || c.DType != y.DType;
            var stage = new Stage(
                own => weights.HasQuads ? Multiply(backend.Quads(weights), own) : Multiply(backend.Strided(weights), own), to, x, other)
            {
                Depth = depth,
            };
            stages.Add(stage);

            Built Multiply<P>(P panel, Stage own)
                where P : struct, IPanel
            {
                // Where nothing stands beside the product, one element does that is there for every column: x may have fewer than the result.
                var beside = b is null ? new Spot(x.Spot.At, 0, 0) : other.Spot;
                return own.Part >= depth && to.Columns <= Tile.Columns
                    ? new Built<Multiply<TOp, T, P, Once, M>>(
                        new(op, panel, x.Spot, beside, to.Spot, depth, to.Columns, own.ScratchAt, own.Part))
                    : new Built<Multiply<TOp, T, P, Often, M>>(
                        new(op, panel, x.Spot, beside, to.Spot, depth, to.Columns, own.ScratchAt, own.Part));
            }
        }

        internal override void Sum(Operand x, Operand y)
        {
            var from = Input(x, x.Shape.Size / Now.Rows);
            var sum = NewTotal(y);
            fails |= !from.IsFull;
            stages.Add(y.Shape.Size == from.Columns
                ? new Stage(_ => new Built<SumRows<T, M>>(new(from.Spot, from.Columns, sum.From)), null, from)
                : new Stage(own => new Built<SumAll<T, M>>(new(from.Spot, from.Columns, own.ScratchAt, sum.From)), null, from)
                {
                    Scratch = from.Columns,
                });
        }

        internal override void CrossEntropy(Operand x, Operand labels, Operand y)
        {
            var (from, to) = (Input(x, x.Shape.Lengths[^1]), Row(y));
            fails |= !from.IsFull;
            M known = backend.Dense(labels);
            Add(
                () => labels.DType == DType.Int32
                    ? new Built<EntropyOfRows<T, E, int, Int32, M>>(new(from.Spot, known, to.Spot, from.Columns))
                    : new Built<EntropyOfRows<T, E, long, Int64, M>>(new(from.Spot, known, to.Spot, from.Columns)),
                to,
                from);
        }

        internal override void CrossEntropyGradient(Operand g, Operand x, Operand labels, Operand dx)
        {
            var (slopes, from, to) = (Input(g, 1), Input(x, x.Shape.Lengths[^1]), Row(dx));
            fails |= !from.IsFull;
            M known = backend.Dense(labels);
            Add(
                () => labels.DType == DType.Int32
                    ? new Built<EntropySlopeOfRows<T, int, Int32, M>>(new(slopes.Spot, from.Spot, known, to.Spot, from.Columns))
                    : new Built<EntropySlopeOfRows<T, long, Int64, M>>(new(slopes.Spot, from.Spot, known, to.Spot, from.Columns)),
                to,
                slopes,
                from);
        }

        internal override void Update<TOp>(TOp op, Operand rate, Operand count, ReadOnlySpan<Operand> parts)
        {
            for (int k = 0; k < parts.Length; k += PerParameter)
            {
                fails |= parts[k].DType != rate.DType;
                sums[parts[k + PerParameter - 1].Storage].Ends.Add(new Ended<T, Stepped<T, M>>(
                    new(backend.Dense(parts[k]), backend.Dense(parts[k + 1]), backend.Dense(parts[k + 2]))));
            }

            step = (pieces, of) => of.End.Step(op, backend.Dense(rate), backend.Dense(count), backend.View(pieces, 0), of.Groups, of.Piece);
        }

        internal override (Noted Rows, Noted Step, Storage Pieces)? Finish()
        {
            int size = totals.Sum(total => total.Count);
            if (fails || step is null || totals.Exists(total => total.Ends.Count == 0) || InOrder() is not { } built)
            {
                return null;
            }

            int groups = Math.Min(Parts(Batch, Rows<M>.Most), MostGroups);
            var pieces = new Storage(backend, (long)groups * size * System.Runtime.CompilerServices.Unsafe.SizeOf<T>());
            var end = totals.AsEnumerable().Reverse().Select(total => (total.Count, End: total.Ends.Aggregate((a, b) => a.And(b))))
                .Aggregate((rest, total) => (total.Count, total.End.Or(rest.End, total.Count))).End;
            M memory = backend.View(pieces, 0);
            return (built.Close<T>(memory, Batch, groups, size, Needed), step(pieces, (groups, size, end)), pieces);
        }

        private int Needed { get; set; }

        private void Add(Func<Built> build, Value y, params Value[] reads) => stages.Add(new Stage(_ => build(), y, reads));

        /// <summary>What a call of rows writes.</summary>
        private Value Row(Operand y)
        {
            Batch = Now.Rows;
            fails |= !IsOwn(y.DType);
            sums.Remove(y.Storage);
            return values[y.Storage] = new Value(y.Shape.Size / Now.Rows, 1, Rows<M>.Pitch, null);
        }

        private Total<T> NewTotal(Operand y)
        {
            var total = new Total<T>(totals.Sum(other => other.Count), y.Shape.Size);
            if (Now.IsKept)
            {
                total.Ends.Add(new Ended<T, Kept<T, M>>(new(backend.Dense(y))));
            }

            values.Remove(y.Storage);
            totals.Add(total);
            return sums[y.Storage] = total;
        }

        private Value Input(Operand x, Operand y) => Input(x, y.Shape.Size / Now.Rows);

        /// <summary>What others wrote, or what comes from outside: rows of so many elements.</summary>
        private Value Input(Operand x, int columns)
        {
            if (values.TryGetValue(x.Storage, out var known))
            {
                fails |= known.Columns != columns;
                return known;
            }

            if (sums.ContainsKey(x.Storage) || x.Layout.TryReshape(new Shape(Now.Rows, columns)) is not { } layout
                || !IsOwn(x.DType))
            {
                fails = true;
                return new Value(1, 0, 0, null);
            }

            var (row, column) = (layout.Strides[0], columns == 1 ? 0 : layout.Strides[1]);
            var key = (x.Storage, layout.Offset, row, column, columns);
            if (!inputs.TryGetValue(key, out var value))
            {
                var (lines, width) = (row == 0 ? 1 : Rows<M>.Most, column == 0 ? 1 : columns);
                var matrix = new Layout(new Shape(1, row == 0 ? 1 : Now.Rows, width), [0, row, column == 0 ? 1 : column], layout.Offset);
                var factor = Factor.Left(x with { Layout = matrix }, 1, 1);
                inputs[key] = value = new Value(
                    columns,
                    row == 0 ? 0 : 1,
                    column == 0 && columns > 1 ? 0 : row == 0 ? 1 : Rows<M>.Pitch,
                    own => factor.HasQuads ? Bring(backend.Quads(factor), own) : Bring(backend.Strided(factor), own));

                Built Bring<P>(P panel, Value own)
                    where P : struct, IPanel => new Built<Bring<T, P, M>>(new(panel, own.Spot, lines, width));
            }

            return value;
        }

        /// <summary>The stages as one, in the first of some ways that has room: with whole matrices, parts of them, and arguments brought anew.</summary>
        private Built? InOrder()
        {
            var ordered = Ordered();
            int most = 49152 / System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
            foreach (bool anew in new[] { false, true })
            {
                foreach (int part in new[] { 128, 64, 32, 16 })
                {
                    var all = WithInputs(ordered, anew);
                    if (Placed(all, part) <= most)
                    {
                        return Chain(all);
                    }
                }
            }

            return null;
        }

        /// <summary>Sums as early as may be: what they alone still need goes then.</summary>
        private List<Stage> Ordered()
        {
            var ordered = new List<Stage>();
            var made = new HashSet<Value>();
            var later = stages.Where(stage => stage.Writes is null).ToList();
            foreach (var stage in stages.Where(stage => stage.Writes is not null))
            {
                ordered.Add(stage);
                made.Add(stage.Writes!);
                foreach (var sum in later.Where(sum => Array.TrueForAll(sum.Reads, x => x.IsInput || made.Contains(x))).ToList())
                {
                    ordered.Add(sum);
                    later.Remove(sum);
                }
            }

            return ordered;
        }

        /// <summary>The stages, with those that bring what comes from outside before its first use, or before each.</summary>
        private static List<Stage> WithInputs(List<Stage> ordered, bool anew)
        {
            var all = new List<Stage>();
            var there = new HashSet<Value>();
            foreach (var stage in ordered)
            {
                foreach (var x in stage.Reads.Where(x => x.IsInput).Distinct())
                {
                    if (there.Add(x) || (anew && x.IsFull))
                    {
                        all.Add(new Stage(_ => x.Bring!(x), x));
                    }
                }

                all.Add(stage);
            }

            return all;
        }

        /// <summary>Gives all that is in shared memory its place there, for as long as it is needed.</summary>
        /// <returns>How many elements that takes.</returns>
        private int Placed(List<Stage> all, int part)
        {
            var taken = new List<(int From, int To, int At, int End)>();
            all.ForEach(stage => stage.Begin(part));
            foreach (var (i, stage) in all.Index())
            {
                if (stage.Scratch > 0)
                {
                    stage.ScratchAt = Take(i, i, stage.Scratch);
                }

                if (stage.Writes is { } y)
                {
                    int last = i;
                    for (int k = i + 1; k < all.Count && all[k].Writes != y; k++)
                    {
                        last = Array.IndexOf(all[k].Reads, y) >= 0 ? k : last;
                    }

                    int at = Take(i, last, y.Size);
                    for (int k = i; k <= last; k++)
                    {
                        all[k].At[y] = at;
                    }
                }
            }

            return Needed = taken.Max(place => place.End);

            int Take(int from, int to, int size)
            {
                size = (size + 3) / 4 * 4;
                int at = 0;
                foreach (var other in taken.Where(other => other.From <= to && from <= other.To).OrderBy(other => other.At))
                {
                    at = at + size <= other.At ? at : Math.Max(at, other.End);
                }

                taken.Add((from, to, at, at + size));
                return at;
            }
        }

        /// <summary>The stages as one. The threads wait for each other where one of them could meet what another does.</summary>
        private static Built Chain(List<Stage> all)
        {
            Built? chain = null;
            var (reads, writes) = (new List<Range>(), new List<Range>());
            foreach (var stage in all)
            {
                bool waits = Meet(writes, stage.FirstReads) || Meet(writes, stage.FirstWrites) || Meet(reads, stage.FirstWrites);
                if (waits || stage.WaitsWithin)
                {
                    reads.Clear();
                    writes.Clear();
                }

                reads.AddRange(stage.LastReads);
                writes.AddRange(stage.LastWrites);
                stage.Settle();
                var built = stage.Build();
                chain = chain?.Then(built, waits) ?? built;
            }

            return chain!;

            static bool Meet(IEnumerable<Range> some, IEnumerable<Range> others) =>
                some.Any(a => others.Any(b => a.Start.Value < b.End.Value && b.Start.Value < a.End.Value));
        }
    }
}
