import { FdType } from "../scap/descriptor-list.ts";
import type { NetworkInterface } from "../scap/interface-list.ts";
import { type Descriptor, STATE_V4, STATE_V6 } from "./descriptor.ts";

/** The addresses of the recorded machine: which end of a connection is here, and what an unbound socket stands for. */
export class Interfaces {
  #v4: readonly NetworkInterface[] = [];
  #v6: readonly NetworkInterface[] = [];

  set(list: readonly NetworkInterface[]): void {
    this.#v4 = list.filter(({ address }) => address.length === 4);
    this.#v6 = list.filter(({ address }) => address.length === 16);
  }

  /** True for an address of this machine; IPv6 addresses count as soon as their first eight bytes are those of one. */
  has(bytes: Uint8Array, at: number, width: 4 | 16): boolean {
    const list = width === 4 ? this.#v4 : this.#v6;
    const compared = width === 4 ? 4 : 8;
    return list.some(({ address }) => sameBytes(address, bytes, at, compared));
  }

  /** Fills in the end of a connection that is all zero with the address of this machine that talks to the other end. */
  complete(descriptor: Descriptor): void {
    if (descriptor.type !== FdType.IPV4 && descriptor.type !== FdType.IPV6) return;
    const layout = descriptor.type === FdType.IPV4 ? STATE_V4 : STATE_V6;
    const socket = descriptor.ownSocket();
    const noSource = isZero(socket, layout.sourceIp, layout.width);
    if (!noSource && !isZero(socket, layout.destinationIp, layout.width)) return;
    const missing = noSource ? layout.sourceIp : layout.destinationIp;
    const other = noSource ? layout.destinationIp : layout.sourceIp;
    const address = this.#towards(socket, other, layout.width);
    const samePorts = socket.readUInt16LE(layout.sourcePort) === socket.readUInt16LE(layout.destinationPort);
    if (samePorts && (address ? sameBytes(address, socket, other, layout.width) : isZero(socket, other, layout.width)))
      return;
    if (address) address.copy(socket, missing);
    else socket.fill(0, missing, missing + layout.width);
  }

  /** The address itself, one of its network, else the first that is not loopback. */
  #towards(bytes: Buffer, at: number, width: 4 | 16): Buffer | undefined {
    const list = width === 4 ? this.#v4 : this.#v6;
    const same = list.find(({ address }) => sameBytes(address, bytes, at, width));
    const near = same ?? list.find((entry) => isNear(entry, bytes, at, width));
    return (near ?? list.find(({ address }) => !isLoopback(address)))?.address;
  }
}

function isNear({ address, netmask }: NetworkInterface, bytes: Buffer, at: number, width: 4 | 16): boolean {
  if (width === 16) return sameBytes(address, bytes, at, 8);
  for (let i = 0; i < 4; i++) {
    const mask = netmask[i] ?? 0;
    if (((address[i] ?? 0) & mask) !== ((bytes[at + i] ?? 0) & mask)) return false;
  }
  return true;
}

function isLoopback(address: Buffer): boolean {
  if (address.length === 4) return address[0] === 127 && address[1] === 0 && address[2] === 0 && address[3] === 1;
  return isZero(address, 0, 15) && address[15] === 1;
}

function isZero(bytes: Uint8Array, at: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[at + i] !== 0) return false;
  return true;
}

function sameBytes(address: Buffer, bytes: Uint8Array, at: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (address[i] !== bytes[at + i]) return false;
  return true;
}
