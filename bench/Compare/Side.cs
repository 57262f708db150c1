using System.Diagnostics;
using System.Globalization;

namespace Gpu.Autograd.Bench.Compare;

/// <summary>One side of the comparison with one number of threads: a process that is told what to run, one line at a time.</summary>
internal sealed class Side : IDisposable
{
    private readonly Process process;

    private Side(ProcessStartInfo start)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} does not start.");
        process.ErrorDataReceived += (_, line) => Problem = line.Data ?? Problem;
        process.BeginErrorReadLine();
    }

    /// <summary>The last line that the process wrote of errors.</summary>
    public string? Problem { get; private set; }

    /// <summary>This library.</summary>
    public static Side Ours(int threads)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!);
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Side).Assembly.Location);
        }

        start.ArgumentList.Add(Server.Command);
        start.Environment["DOTNET_PROCESSOR_COUNT"] = $"{threads}";

        // On one processor the JIT waits ten times as long before it compiles again what is hot: a second in place of a tenth.
        start.Environment["DOTNET_TC_DelaySingleProcMultiplier"] = "1";
        return new Side(start);
    }

    /// <summary>PyTorch, or null where there is none; then why.</summary>
    public static Side? Theirs(int threads, string python, out string answer)
    {
        string script = Path.Combine(Path.GetTempPath(), $"gpu-autograd-peer-{Environment.ProcessId}.py");
        using (var stream = typeof(Side).Assembly.GetManifestResourceStream("peer.py")!)
        using (var file = File.Create(script))
        {
            stream.CopyTo(file);
        }

        var start = new ProcessStartInfo(python, [script]);

        // A BLAS for another processor, or for caches that it has not, would be no peer.
        start.Environment.Remove("OPENBLAS_CORETYPE");
        start.Environment.Remove("OPENBLAS_L2_SIZE");
        start.Environment["OMP_NUM_THREADS"] = start.Environment["OPENBLAS_NUM_THREADS"] = $"{threads}";
        try
        {
            var side = new Side(start);
            answer = side.Ask("version") ?? $"{python}: {side.Problem}";
            if (answer.StartsWith("version", StringComparison.Ordinal))
            {
                return side;
            }

            side.Dispose();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            answer = e.Message;
        }

        return null;
    }

    /// <summary>Makes a work ready; its numbers.</summary>
    public double[] Begin(string name) => Numbers($"begin {name}", name);

    /// <summary>Makes the next rival of the work ready; its numbers.</summary>
    public double[] BeginRival(string name) => Numbers("rival", name);

    /// <summary>The seconds of one run, on average over so many; of the work, or of its k-th rival, from 1 on.</summary>
    public double Time(int runs, int rival = 0)
    {
        string answer = Ask($"run {runs} {rival}") ?? throw new InvalidOperationException(Problem ?? "the process ended");
        return double.Parse(answer.Split(' ')[1], CultureInfo.InvariantCulture) / runs;
    }

    private double[] Numbers(string command, string name)
    {
        string? answer = Ask(command);
        return answer?.StartsWith("result", StringComparison.Ordinal) == true
            ? [.. answer.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(text => double.Parse(text, CultureInfo.InvariantCulture))]
            : throw new InvalidOperationException($"{name}: {answer ?? Problem ?? "the process ended"}");
    }

    /// <summary>The bytes that the machine copies, and the operations that it makes, a second.</summary>
    public double[] Machine() =>
        [.. Ask("machine")!.Split(' ').Skip(1).Select(text => double.Parse(text, CultureInfo.InvariantCulture))];

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }

    private string? Ask(string line)
    {
        process.StandardInput.WriteLine(line);
        process.StandardInput.Flush();
        return process.StandardOutput.ReadLine();
    }
}
