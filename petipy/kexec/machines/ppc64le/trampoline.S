# The few instructions between two kernels on 64-bit POWER.
#
# Assemble: powerpc64-linux-gnu-as -mbig -mpower7 -a64 trampoline.S (or powerpc64le-…-as -mbig);
# trampoline.py carries the bytes, and a test compares the two.
#
# The contract (Linux, arch/powerpc/kernel/misc_64.S): with the MMU off, the kernel that leaves
#  - copies the first 0x100 bytes of the image to address 0,
#  - sends every other CPU to address 0x60 (the copy!), big endian, its own number in r3,
#  - enters the image at its first byte with r3 = number of this CPU, r4 = address of the image,
#    in whichever byte order it ran itself.
# The kernel that comes (booting.rst, head_64.S) wants its entry with r3 = device tree,
# r4 = its own address, r5 = 0, and the other CPUs at 0x60 of its own first 0x100 bytes, at 0.
#
# Sending the others straight into a copy of the new head would race: one that the hypervisor has
# not scheduled could still be in the old kernel's text when the new one moves to address 0.
# So they are counted in here, sent on together, and counted out.
#
# Between the two, calls of the firmware (RTAS) that must come after the leaving kernel has shut
# its devices down: windows.py says which. LoPAR: entered with the MMU off, 32-bit, big endian,
# r3 = arguments, r4 = RTAS's base; nothing but r1 can be relied on afterwards, upper halves lost.

	.text
start:
	tdi	0, 0, 0x48		# big endian: nothing. Little endian: b .+8
	b	master
	# Read in little endian: mfmsr 11; xori 11,11,1; addi 10,4,master-start;
	# mtsrr0 10; mtsrr1 11; rfid
	.long	0xa600607d, 0x01006b69, 0x00014439, 0xa6035a7d, 0xa6037b7d, 0x2400004c

	.org	0x58
origin:	.quad	0			# slot: where this image is

	.org	0x60
secondary:				# runs in the copy at address 0
	ld	4, 0x58(0)
	addi	5, 4, waiting - start
	mtctr	5
	bctr
waiting:				# r3 own number (to be kept), r4 this image
	addi	6, 4, arrived - start
1:	lwarx	7, 0, 6
	addi	7, 7, 1
	stwcx.	7, 0, 6
	bne-	1b
2:	or	1, 1, 1			# low priority: leave the core to the master
	lwz	7, go - start(4)
	cmpwi	7, 0
	beq	2b
	or	2, 2, 2
	isync				# what is at 0x60 is new
3:	lwarx	7, 0, 6
	addi	7, 7, -1
	stwcx.	7, 0, 6
	bne-	3b
	ba	0x60

	.org	0x100
master:
	mr	31, 3
	bcl	20, 31, 1f
1:	mflr	30
	addi	30, 30, start - 1b
	ld	29, tree - start(30)
	stw	31, 28(29)		# boot_cpuid_phys of the device tree's header
	ld	27, patience - start(30)
	lwz	26, secondaries - start(30)
	mftb	25
2:	lwz	5, arrived - start(30)
	cmplw	5, 26
	bge	3f
	or	1, 1, 1
	mftb	6
	subf	6, 25, 6
	cmpld	6, 27
	blt	2b
3:	or	2, 2, 2
	sync
next:					# r30 this image
	lwz	5, calls - start(30)
	cmpwi	5, 0
	beq	called
	addi	6, 5, -1
	stw	6, calls - start(30)
	slwi	6, 6, 5			# 32 bytes each
	addi	3, 30, arguments - start
	add	3, 3, 6
	std	3, current - start(30)
	ld	4, rtas_base - start(30)
	ld	5, rtas_entry - start(30)
	addi	6, 30, returned - start
	mtlr	6
	li	6, 0x1000		# MSR: ME only
	mtsrr0	5
	mtsrr1	6
	rfid
returned:
	mfmsr	6
	li	7, 1
	sldi	7, 7, 63		# SF: 64 bits again
	or	6, 6, 7
	mtmsrd	6
	isync
	bcl	20, 31, 1f
1:	mflr	30
	addi	30, 30, start - 1b
	ld	5, current - start(30)
	lwz	6, 4(5)			# number of arguments; the status is behind them
	slwi	6, 6, 2
	addi	6, 6, 12
	lwzx	6, 5, 6
	cmpwi	6, -2			# busy: once more
	bne	next
	lwz	6, calls - start(30)
	addi	6, 6, 1
	stw	6, calls - start(30)
	b	next
called:
	ld	29, tree - start(30)
	ld	28, kernel - start(30)
	ld	27, patience - start(30)
	li	5, 0
4:	ldx	6, 28, 5		# the new kernel's head to address 0
	stdx	6, 0, 5
	addi	5, 5, 8
	cmpldi	5, 0x100
	blt	4b
	li	5, 0
5:	dcbst	0, 5
	sync
	icbi	0, 5
	addi	5, 5, 32
	cmpldi	5, 0x100
	blt	5b
	sync
	isync
	li	6, 1
	stw	6, go - start(30)
	mftb	25
6:	lwz	5, arrived - start(30)
	cmpwi	5, 0
	beq	7f
	mftb	6
	subf	6, 25, 6
	cmpld	6, 27
	blt	6b
7:	sync
	isync
	mr	3, 29
	mr	4, 28
	li	5, 0
	li	6, 0
	li	7, 0
	ld	8, opal_base - start(30)
	ld	9, opal_entry - start(30)
	mtctr	28
	bctr

	.org	0x280			# slots
kernel:		.quad	0
tree:		.quad	0
opal_base:	.quad	0
opal_entry:	.quad	0
rtas_base:	.quad	0
rtas_entry:	.quad	0
patience:	.quad	0		# ticks of the time base
secondaries:	.long	0		# how many CPUs will come to 0x60
calls:		.long	0		# how many of the arguments below are in use
current:	.quad	0
arrived:	.long	0
go:		.long	0
	.org	0x300
arguments:				# of RTAS, 32 bytes each, as many as there are
