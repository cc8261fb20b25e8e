using System.Runtime.InteropServices;

namespace Testing;

/// <summary>Signals of Linux, by their numbers there.</summary>
public enum Signal
{
    /// <summary>SIGINT, as Ctrl-C sends it.</summary>
    Interrupt = 2,

    /// <summary>SIGKILL.</summary>
    Kill = 9,

    /// <summary>SIGTERM.</summary>
    Terminate = 15,

    /// <summary>SIGCONT.</summary>
    Continue = 18,

    /// <summary>SIGSTOP.</summary>
    Stop = 19,
}

/// <summary>Sends signals; <see cref="System.Diagnostics.Process"/> knows SIGKILL alone.</summary>
public static class Signals
{
    private const int NoSuchProcess = 3;

    /// <summary>Sends a signal; to a process that has ended it does nothing.</summary>
    public static void Send(int process, Signal signal)
    {
        if (Native.Kill(process, (int)signal) != 0 && Marshal.GetLastPInvokeError() is var error and not NoSuchProcess)
            throw new InvalidOperationException($"Signal {signal} to process {process}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    private static class Native
    {
        [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Kill(int process, int signal);
    }
}
