using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Kernels;

/// <content>Training steps of small nets as a whole: two launches, between which only what the groups added up is in memory.</content>
public abstract partial class KernelBackend<M, S>
{
    /// <summary>What is drawn up of a whole, while its calls are made; null where none is, or not of such elements.</summary>
    private Sketch? Sketching(DType dtype) => noting is not { IsWhole: true } notes ? null : notes.Sketch ??= dtype switch
    {
        DType.Float32 => new Sketch<F32, Float32>(this),
        DType.Float64 => new Sketch<F64, Float64>(this),
        _ => null,
    };

    /// <summary>What jobs launch, of which some are a whole; null if these cannot be one here.</summary>
    private Notes? NoteWithWhole(Job[] jobs)
    {
        if (NoteWhole(jobs.Where(job => job.Parts is not null)) is not { } whole)
        {
            return null;
        }

        // What the whole waits for, the whole, and what waits for it.
        int[] rank = new int[jobs.Length];
        foreach (var (i, job) in jobs.Index())
        {
            rank[i] = job.Parts is not null ? 1 : job.After.Any(k => rank[k] > 0) ? 2 : 0;
        }

        int[] order = [.. Enumerable.Range(0, jobs.Length).Where(i => rank[i] != 1).OrderBy(i => rank[i])];
        int at = rank.Count(r => r == 0);
        int[] place = new int[jobs.Length];
        Array.Fill(place, at);
        foreach (var (k, i) in order.Index())
        {
            place[i] = k < at ? k : k + 1;
        }

        var own = Enumerable.Range(0, jobs.Length).Where(i => rank[i] == 1).SelectMany(i => jobs[i].After).Where(k => rank[k] == 0);
        var placed = order.Select(i => jobs[i] with { After = After(jobs[i].After) }).ToList();
        placed.Insert(at, new Job([], 1, After(own)));
        return Note([.. placed], at, whole);

        int[] After(IEnumerable<int> others) => [.. others.Select(k => place[k]).Distinct()];
    }

    /// <summary>The two launches of a whole; null where it has no room, or has a call that is not among those that groups make on their rows.</summary>
    private (Noted Rows, Noted Step, Storage Pieces)? NoteWhole(IEnumerable<Job> jobs)
    {
        var (own, aside) = (new Notes { IsWhole = true }, new Notes());
        own.Begin([]);
        aside.Begin([]);
        try
        {
            foreach (var (call, part) in jobs.SelectMany(job => job.Calls.Zip(job.Parts!)))
            {
                noting = part.Role == Role.Aside ? aside : own;
                own.Now = part;
                call(this);
            }
        }
        finally
        {
            noting = null;
        }

        // What is beside the rows goes with the first group: if it is threads that know nothing of each other.
        if (own.Launches.Count > 0 || aside.Launches.Exists(launch => launch.Size != 0) || own.Scratch.Count + aside.Scratch.Count > 0
            || own.Sketch?.Finish() is not var (rows, step, pieces))
        {
            own.Scratch.Concat(aside.Scratch).ToList().ForEach(storage => storage.Release());
            return null;
        }

        return (aside.Launches.Aggregate(rows, (all, launch) => all.With(launch)), step, pieces);
    }
}
