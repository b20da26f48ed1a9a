// A file for each way: files run at the same time.
import { testInterleavings } from "../../support/interleavings.ts";

testInterleavings("inline");
