global using NUnit.Framework;
global using Shouldly;
global using Testing;
