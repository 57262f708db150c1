namespace Gpu.Autograd.Kernels;

/// <summary>Which launches of a step become one: those that do not wait for each other, as many as may be, and no later than they must.</summary>
internal static class Timetable
{
    /// <summary>More kernels than this are not put together: each combination is compiled, and takes the registers of its greediest.</summary>
    internal const int Most = 6;

    /// <summary>Puts launches together.</summary>
    /// <param name="before">For each launch the ones, all of smaller numbers, that must be over when it begins.</param>
    /// <param name="sizes">For each the threads of a group: 0 if any number will do, less than 0 if it is to be alone.</param>
    /// <returns>What is launched together, in order.</returns>
    internal static List<List<int>> Of(IReadOnlyList<IReadOnlyList<int>> before, IReadOnlyList<int> sizes)
    {
        // How many launches are in the longest chain from one to the end: what makes the step as long as it is goes first.
        int[] height = [.. Enumerable.Repeat(1, before.Count)];
        for (int i = before.Count - 1; i >= 0; i--)
        {
            foreach (int j in before[i])
            {
                height[j] = Math.Max(height[j], height[i] + 1);
            }
        }

        var order = new List<List<int>>();
        int[] time = [.. Enumerable.Repeat(int.MaxValue, before.Count)];
        var waiting = Enumerable.Range(0, before.Count).OrderByDescending(i => height[i]).ThenByDescending(i => sizes[i]).ToList();
        for (int now = 0, left = height.DefaultIfEmpty().Max(); waiting.Count > 0; now++, left--)
        {
            var together = new List<List<int>>();
            foreach (int i in waiting.Where(i => before[i].All(j => time[j] < now)))
            {
                var place = together.Find(others => others.Count < Most && Agree(others, i));
                if (place is null && height[i] == left)
                {
                    together.Add(place = []);
                }

                place?.Add(i);
                time[i] = place is null ? int.MaxValue : now;
            }

            waiting.RemoveAll(i => time[i] <= now);
            order.AddRange(together);
        }

        return order;

        bool Agree(List<int> others, int i) =>
            sizes[i] >= 0 && others.TrueForAll(j => sizes[j] >= 0 && (sizes[i] == 0 || sizes[j] == 0 || sizes[i] == sizes[j]));
    }
}
