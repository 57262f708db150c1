namespace Gpu.Autograd.Cli;

/// <summary>Files that the program writes.</summary>
internal static class OutputFile
{
    /// <summary>
    /// Finds out whether a file can be written while there is still nothing to lose. What stands in it stays until it is written.
    /// </summary>
    /// <param name="option">The option that names the file, for the message.</param>
    /// <param name="path">The file; null asks nothing.</param>
    /// <param name="replaced">Whether a new file takes the old one's place.</param>
    /// <exception cref="FailureException">It cannot.</exception>
    public static void Check(string option, string? path, bool replaced = false)
    {
        if (path is null)
        {
            return;
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? path;
        if (Directory.Exists(path))
        {
            throw new FailureException($"{option}: {path} is a folder.");
        }

        if (!Directory.Exists(folder))
        {
            throw new FailureException($"{option}: {path} cannot be written: there is no folder {folder}.");
        }

        if (replaced && folder == "/dev")
        {
            throw new FailureException($"{option}: {path} is not a plain file.");
        }

        // A file that will be replaced is written beside the old one first.
        string probe = replaced ? $"{path}.{Guid.NewGuid():N}.tmp" : path;
        bool existed = File.Exists(probe);
        try
        {
            File.Open(probe, FileMode.OpenOrCreate, FileAccess.Write).Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FailureException($"{option}: {path} cannot be written: {e.Message}", e);
        }

        if (!existed)
        {
            File.Delete(probe);
        }
    }

    /// <summary>Sees to it that no file is named twice, so that none is overwritten by mistake.</summary>
    /// <exception cref="UsageException">One is.</exception>
    public static void Distinct(params (string Option, string? Path)[] files)
    {
        var given = files.Where(file => file.Path is not null).ToList();
        foreach (var (index, (option, path)) in given.Index())
        {
            if (given[..index].Find(other => Path.GetFullPath(other.Path!) == Path.GetFullPath(path!)).Option is { } other)
            {
                throw new UsageException($"{option}: {path} is already the file of {other}.");
            }
        }
    }

    /// <summary>Writes a file as a whole.</summary>
    /// <exception cref="FailureException">It cannot be written.</exception>
    public static void Write(string path, byte[] content)
    {
        try
        {
            File.WriteAllBytes(path, content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FailureException($"{path} cannot be written: {e.Message}", e);
        }
    }
}
