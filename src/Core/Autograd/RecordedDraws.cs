using Gpu.Autograd.Capturing;

namespace Gpu.Autograd.Autograd;

/// <summary>How far a generator moves in one run of a captured step, and where it stands as a replay begins.</summary>
internal sealed class RecordedDraws
{
    private readonly ulong recorded;
    private ulong begin;

    private RecordedDraws(ulong counter) => recorded = begin = counter;

    /// <summary>Those of a generator that now draws for the first time in a recording.</summary>
    public static RecordedDraws Begin(Recorder recorder, Generator generator)
    {
        var draws = new RecordedDraws(generator.Counter);
        ulong counters = 0;
        recorder.Finish(() => counters = generator.Counter - draws.recorded);
        recorder.Prepare(() => draws.begin = generator.Next(counters));
        return draws;
    }

    /// <summary>The counter that takes the place, in the run that is under way, of one of the recorded run.</summary>
    public ulong Now(ulong counter) => begin + (counter - recorded);
}

/// <summary>A draw of random numbers: in each replay those that a run of the body would have drawn.</summary>
internal sealed class DrawCall(Backend backend, Distribution distribution, ulong seed, RecordedDraws draws, ulong first, Operand y)
    : Call(backend, [y], 1)
{
    public override bool IsFunction => false;

    // The counter is another one in each replay.
    public override bool IsLaunch => false;

    public override void Run(Backend backend) => backend.Random(distribution, seed, draws.Now(first), Operands[0]);
}
