// How many peers one agent is connected with at the most, and how many it remembers something of. A back end of a feeder has a
// thousand IEDs; what is kept for each of them must not be pushed out by the others while they are all there.

/** Beyond them libp2p closes connections. */
export const MOST_CONNECTED = 1024

/** What a peer has used up, done or was told outlives its connection, so that coming anew clears nobody. */
export const MOST_REMEMBERED = 2 * MOST_CONNECTED
