namespace Gpu.Autograd.Cli;

/// <summary>How this program was started, so that the commands that it shows can be typed as they stand.</summary>
internal static class Invocation
{
    private const string Name = "gpu-autograd";
    private const string Project = "Gpu.Autograd.Cli.csproj";

    /// <summary>What comes before the command's name.</summary>
    public static string Program { get; } = Find(AppContext.BaseDirectory, Environment.CurrentDirectory, Environment.ProcessPath);

    /// <summary>A word as a shell takes it.</summary>
    public static string Quote(string word) => word.All(c => char.IsLetterOrDigit(c) || "_-./:\\".Contains(c)) ? word : $"\"{word}\"";

    /// <summary>
    /// In a clone, whose output folder is PROJECT/bin/CONFIGURATION/FRAMEWORK/, it is <c>dotnet run</c>; else the program's file, or its
    /// name alone where that is enough.
    /// </summary>
    internal static string Find(string baseDirectory, string current, string? process)
    {
        var output = new DirectoryInfo(baseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        if (output.Parent?.Parent is { Name: "bin", Parent: { } project } && File.Exists(Path.Combine(project.FullName, Project)))
        {
            string path = Path.GetRelativePath(current, project.FullName).Replace('\\', '/');
            return $"dotnet run -c {output.Parent.Name} --project {Quote(path)} --";
        }

        if (process is null || Path.GetFileNameWithoutExtension(process) != Name)
        {
            return Name;
        }

        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        string relative = Path.GetRelativePath(current, process);
        return folders.Contains(Path.GetDirectoryName(process)) ? Name
            : Quote(relative.Contains(Path.DirectorySeparatorChar) ? relative : Path.Combine(".", relative));
    }
}
