using System.Numerics;
using System.Numerics.Tensors;

namespace Gpu.Autograd.Bench.Compare;

/// <summary>
/// A training step of an MLP (tanh; squared error or cross-entropy; SGD) as one writes it in C# without a library: arrays that are made once,
/// loops over <see cref="Vector{T}"/>, the derivatives by hand.
/// </summary>
internal sealed class HandWritten
{
    private readonly int[] widths;
    private readonly int batch;
    private readonly bool classes;
    private readonly float rate;
    private readonly float[] target;
    private readonly float[][] weights;
    private readonly float[][] biases;
    private readonly float[][] values;
    private readonly float[][] gradients;
    private readonly float[] scratch;

    /// <summary>The net, its weights, x and y are those of the works: see <see cref="Works"/>.</summary>
    public HandWritten(int[] widths, int batch, bool classes, float rate)
    {
        (this.widths, this.batch, this.classes, this.rate) = (widths, batch, classes, rate);
        int layers = widths.Length - 1;
        (weights, biases) = (new float[layers][], new float[layers][]);
        for (int k = 0; k < layers; k++)
        {
            float scale = (float)(2 / Math.Sqrt(widths[k]));
            weights[k] = new float[widths[k] * widths[k + 1]];
            Transpose(Works.Numbers(weights[k].Length, 10 + (uint)k, scale), widths[k + 1], widths[k], weights[k]);
            biases[k] = Works.Numbers(widths[k + 1], 20 + (uint)k, scale);
        }

        values = Array.ConvertAll(widths, width => new float[batch * width]);
        gradients = Array.ConvertAll(widths, width => new float[batch * width]);
        values[0] = Works.Numbers(batch * widths[0], 1);
        target = classes ? [] : Works.Numbers(batch * widths[^1], 2);
        scratch = new float[weights.Max(w => w.Length)];
    }

    /// <summary>One step; the loss before it.</summary>
    public float Step()
    {
        int last = weights.Length - 1;
        for (int k = 0; k <= last; k++)
        {
            var (n, m) = (widths[k], widths[k + 1]);
            for (int i = 0; i < batch; i++)
            {
                biases[k].CopyTo(values[k + 1], i * m);
            }

            AddProduct(values[k], n, 1, weights[k], values[k + 1], batch, n, m);
            if (k < last)
            {
                TensorPrimitives.Tanh(values[k + 1], values[k + 1]);
            }
        }

        float loss = classes ? CrossEntropy(values[^1], gradients[^1]) : SquaredError(values[^1], gradients[^1]);
        for (int k = last; k >= 0; k--)
        {
            var (n, m, g) = (widths[k], widths[k + 1], gradients[k + 1]);
            if (k > 0)
            {
                Transpose(weights[k], n, m, scratch);
                Array.Clear(gradients[k]);
                AddProduct(g, m, 1, scratch, gradients[k], batch, m, n);
                TimesSlope(gradients[k], values[k]);
            }

            Array.Clear(scratch);
            AddProduct(values[k], 1, n, g, scratch, n, batch, m);
            AddTimes(weights[k], scratch, -rate);
            for (int i = 0; i < batch; i++)
            {
                AddTimes(biases[k], g.AsSpan(i * m, m), -rate);
            }
        }

        return loss;
    }

    /// <summary>
    /// y += a·b of rows × inner and inner × columns, four rows at a time; a's element (i, k) is at i·row + k·step, so that it may be a transpose.
    /// </summary>
    private static void AddProduct(float[] a, int row, int step, float[] b, float[] y, int rows, int inner, int columns)
    {
        int i = 0;
        for (; i + 4 <= rows; i += 4)
        {
            int j = 0;
            for (; j + Vector<float>.Count <= columns; j += Vector<float>.Count)
            {
                int at = (i * columns) + j;
                Vector<float> y0 = new(y, at), y1 = new(y, at + columns), y2 = new(y, at + (2 * columns)), y3 = new(y, at + (3 * columns));
                for (int k = 0, x = i * row; k < inner; k++, x += step)
                {
                    var line = new Vector<float>(b, (k * columns) + j);
                    y0 = Vector.FusedMultiplyAdd(new Vector<float>(a[x]), line, y0);
                    y1 = Vector.FusedMultiplyAdd(new Vector<float>(a[x + row]), line, y1);
                    y2 = Vector.FusedMultiplyAdd(new Vector<float>(a[x + (2 * row)]), line, y2);
                    y3 = Vector.FusedMultiplyAdd(new Vector<float>(a[x + (3 * row)]), line, y3);
                }

                y0.CopyTo(y, at);
                y1.CopyTo(y, at + columns);
                y2.CopyTo(y, at + (2 * columns));
                y3.CopyTo(y, at + (3 * columns));
            }

            AddSums(a, row, step, b, y, i, i + 4, inner, j, columns);
        }

        AddSums(a, row, step, b, y, i, rows, inner, 0, columns);
    }

    /// <summary>The rows and columns that are left over, one element at a time.</summary>
    private static void AddSums(float[] a, int row, int step, float[] b, float[] y, int fromRow, int toRow, int inner, int fromColumn, int columns)
    {
        for (int i = fromRow; i < toRow; i++)
        {
            for (int j = fromColumn; j < columns; j++)
            {
                float sum = 0;
                for (int k = 0; k < inner; k++)
                {
                    sum += a[(i * row) + (k * step)] * b[(k * columns) + j];
                }

                y[(i * columns) + j] += sum;
            }
        }
    }

    /// <summary>g = g·(1 − y²).</summary>
    private static void TimesSlope(float[] g, float[] y)
    {
        int j = 0;
        for (; j + Vector<float>.Count <= g.Length; j += Vector<float>.Count)
        {
            var value = new Vector<float>(y, j);
            (new Vector<float>(g, j) * (Vector<float>.One - (value * value))).CopyTo(g, j);
        }

        for (; j < g.Length; j++)
        {
            g[j] *= 1 - (y[j] * y[j]);
        }
    }

    /// <summary>y += x·c.</summary>
    private static void AddTimes(Span<float> y, ReadOnlySpan<float> x, float c) => TensorPrimitives.MultiplyAdd(x[..y.Length], c, y, y);

    private float SquaredError(float[] z, float[] g)
    {
        float sum = 0;
        for (int i = 0; i < z.Length; i++)
        {
            float d = z[i] - target[i];
            sum += d * d;
            g[i] = 2 * d / z.Length;
        }

        return sum / z.Length;
    }

    private float CrossEntropy(float[] z, float[] g)
    {
        int m = widths[^1];
        float sum = 0;
        for (int i = 0; i < batch; i++)
        {
            var row = z.AsSpan(i * m, m);
            var ofRow = g.AsSpan(i * m, m);
            int label = i % m;
            float most = TensorPrimitives.Max<float>(row);
            TensorPrimitives.Subtract(row, most, ofRow);
            TensorPrimitives.Exp<float>(ofRow, ofRow);
            float total = TensorPrimitives.Sum<float>(ofRow);
            sum += MathF.Log(total) + most - row[label];
            TensorPrimitives.Multiply(ofRow, 1 / (total * batch), ofRow);
            ofRow[label] -= 1f / batch;
        }

        return sum / batch;
    }

    private static void Transpose(float[] w, int rows, int columns, float[] result)
    {
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                result[(j * rows) + i] = w[(i * columns) + j];
            }
        }
    }
}
