namespace Gpu.Autograd.Cli.CommandLine;

/// <summary>What somebody meant who mistyped a name.</summary>
internal static class Nearest
{
    /// <summary>" Did you mean X?" with the known name nearest to what was typed; empty where none is near, or it is that.</summary>
    public static string Hint(string typed, IEnumerable<string> known)
    {
        var (name, distance) = known
            .Select(name => (name, Distance: Distance(typed.ToLowerInvariant(), name)))
            .MinBy(candidate => candidate.Distance);
        return name is not null && distance > 0 && distance <= Math.Max(1, name.TrimStart('-').Length / 3) ? $" Did you mean {name}?" : "";
    }

    /// <summary>The least number of letters to insert, delete, replace or swap with their neighbour that turns a into b.</summary>
    internal static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    d[i, j] = i + j;
                    continue;
                }

                int replaced = d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(replaced, 1 + Math.Min(d[i - 1, j], d[i, j - 1]));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], 1 + d[i - 2, j - 2]);
                }
            }
        }

        return d[a.Length, b.Length];
    }
}
