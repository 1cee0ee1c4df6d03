// The plain echo server as a process of its own. Prints its port.
import { servePlainEcho } from './plain-echo.mjs';

servePlainEcho((port) => console.log(port));
