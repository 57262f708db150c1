namespace Gpu.Autograd.Capturing;

/// <summary>
/// What stands, on one thread, between the ops of a captured step and the devices. In the step's first runs it sees to it that the host
/// reads nothing; then, once, it notes every call that it passes on.
/// </summary>
internal sealed class Recorder : IDisposable
{
    [ThreadStatic]
    private static Recorder? current;

    private readonly Dictionary<Backend, RecordingBackend> backends = [];
    private readonly HashSet<Storage> made = new(ReferenceEqualityComparer.Instance);
    private readonly List<Func<bool>> conditions = [];
    private readonly List<Action> preparations = [];
    private readonly List<Action> last = [];
    private readonly Dictionary<object, object> notes = new(ReferenceEqualityComparer.Instance);
    private readonly bool records;

    private Recorder(bool records, long origin)
    {
        this.records = records;
        Origin = origin;
        current = this;
    }

    /// <summary>The captured step whose body runs on this thread, if one does.</summary>
    public static Recorder? Current => current;

    /// <summary>The same, but only while its calls are noted.</summary>
    public static Recorder? Noting => current is { records: true } recorder ? recorder : null;

    /// <summary>Whether something was made that outlives the step, so that only a later run can be recorded.</summary>
    public bool IsAbandoned { get; private set; }

    /// <summary>The calls, in order.</summary>
    public List<Call> Calls { get; } = [];

    /// <summary>The storages that were made since the recording began.</summary>
    public IReadOnlySet<Storage> Made => made;

    /// <summary>What must still hold for the calls to be what the body would do.</summary>
    public IReadOnlyList<Func<bool>> Conditions => conditions;

    /// <summary>What is done before the calls are made again.</summary>
    public IReadOnlyList<Action> Preparations => preparations;

    /// <summary>When the body began, as the records of ops count it.</summary>
    public long Origin { get; }

    /// <summary>Watches this thread, and notes the calls if that is asked, until it is disposed.</summary>
    /// <param name="records">Whether the calls are noted.</param>
    /// <param name="origin">The id of the newest record of an op.</param>
    public static Recorder Begin(bool records, long origin) => new(records, origin);

    /// <summary>What a step does on the host is not done again when it is replayed, so that it is refused.</summary>
    /// <exception cref="InvalidOperationException">The body of a captured step runs on this thread.</exception>
    public static void Refuse(string what, string instead)
    {
        if (current is not null)
        {
            throw new InvalidOperationException(
                $"Step.Capture: {what} inside of a captured step, which would not happen again when the step is replayed; {instead}.");
        }
    }

    /// <summary>The back end that a device's calls go through.</summary>
    public Backend Over(Backend backend)
    {
        if (!records)
        {
            return backend;
        }

        if (!backends.TryGetValue(backend, out var over))
        {
            backends[backend] = over = new RecordingBackend(this, backend);
        }

        return over;
    }

    /// <summary>Gives the recording up; the run goes on as it stands.</summary>
    public void Abandon() => IsAbandoned = true;

    /// <summary>Makes a call and notes it.</summary>
    public void Add(Call call)
    {
        call.Run();
        Calls.Add(call);
    }

    /// <summary>A storage was made.</summary>
    public void Add(Storage storage) => made.Add(storage);

    /// <summary>The recording holds only while this does.</summary>
    public Func<bool> Require(Func<bool> condition)
    {
        conditions.Add(condition);
        return condition;
    }

    /// <summary>This is done before the calls are made again.</summary>
    public void Prepare(Action preparation) => preparations.Add(preparation);

    /// <summary>What is noted once of a thing; made when it is first asked for.</summary>
    public T Once<T>(object of, Func<T> make)
        where T : class
    {
        if (!notes.TryGetValue(of, out object? note))
        {
            notes[of] = note = make();
        }

        return (T)note;
    }

    /// <summary>This is done when the body has returned, and noted as what the body did.</summary>
    public void Finish(Action end) => last.Add(end);

    /// <summary>The body has returned; does what is left to do.</summary>
    public void Finish()
    {
        for (int i = 0; i < last.Count; i++)
        {
            last[i]();
        }
    }

    /// <summary>The recording is over.</summary>
    public void Dispose() => current = null;
}
