import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

/** Passes connections on to a server, until they are cut. */
export class Relay {
  readonly port: number
  private readonly server: Server
  private readonly ends: Set<Socket>

  private constructor(port: number, server: Server, ends: Set<Socket>) {
    this.port = port
    this.server = server
    this.ends = ends
  }

  /** Before what listens at `host` and `port`; with `tls`, its own side speaks that. */
  static async before(port: number, host = '127.0.0.1', tls?: { key: string; cert: string }): Promise<Relay> {
    const ends = new Set<Socket>()
    const onConnection = (socket: Socket) => {
      const behind = connect(port, host)
      for (const end of [socket, behind]) {
        ends.add(end)
        end.on('error', () => undefined)
        end.on('close', () => {
          ends.delete(end)
          socket.destroy()
          behind.destroy()
        })
      }
      socket.pipe(behind).pipe(socket)
    }
    const server = tls ? createTlsServer(tls, onConnection) : createServer(onConnection)
    return new Relay(await listen(server), server, ends)
  }

  /** Breaks every connection. */
  cut(): void {
    for (const end of this.ends) end.destroy()
  }

  close(): void {
    this.server.close()
    this.cut()
  }
}

/** Listens on a free port of this machine and returns it. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, done))
  return (server.address() as AddressInfo).port
}
